package io.github.rocketffm.internal.calls;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.rocketmq_message_batch;
import io.github.rocketffm.internal.memory.BodyOwner;
import io.github.rocketffm.internal.memory.Hosts;
import io.github.rocketffm.internal.memory.Memory;
import io.github.rocketffm.internal.memory.NativeMessage;
import io.github.rocketffm.internal.memory.QueueCache;
import java.lang.foreign.MemorySegment;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;

/**
 * A batch that was given out, and its native memory: freed by whoever comes last, the acknowledgement or a thread that
 * reads a body.
 */
public final class NativeBatch implements BodyOwner {
  private static final int ACKNOWLEDGED = 1;
  private static final int READER = 2;

  /** Made beforehand: an acknowledgement must find its way without memory. */
  private static final IntUnaryOperator ACKNOWLEDGE = value -> value | ACKNOWLEDGED;

  static final Consumer<NativeBatch> ABANDON = NativeBatch::abandon;

  private static final int BEGUN = 1;
  private static final int ENDED = 2;

  private final NativePushConsumer consumer;
  private final long deliveryId;

  /** Among the consumer's {@link NativePushConsumer#outstanding} ones. */
  private final int place;

  private final NativeMessage[] messages;

  /** Twice the number of readers, and one when it is acknowledged. */
  private final AtomicInteger state = new AtomicInteger();

  /** 0 until it is claimed, by whoever consumes it or takes it back. */
  private final AtomicInteger claim = new AtomicInteger();

  private int successCount;
  private int delayLevel;
  private int suspendMillis;

  NativeBatch(NativePushConsumer consumer, MemorySegment batch, QueueCache queues, Hosts hosts) {
    this.consumer = consumer;
    deliveryId = rocketmq_message_batch.delivery_id(batch);
    int count = rocketmq_message_batch.count(batch);
    long pointers = rocketmq_message_batch.messages(batch).address();
    messages = new NativeMessage[count];
    for (int i = 0; i < count; i++) {
      messages[i] = new NativeMessage(this, Memory.address(pointers + 8L * i), queues, hosts);
    }
    // Last, as whoever fails before has no place to give back.
    place = consumer.outstanding.reserve();
    consumer.outstanding.put(place, this);
  }

  /**
   * Claims it for who consumes it: an executor may run a task and fail all the same, and the batch is then either
   * consumed or given again. False where it was claimed before.
   */
  public boolean begin() {
    return claim.compareAndSet(0, BEGUN);
  }

  /** An unmodifiable list. */
  public List<ReceivedMessage> messages() {
    return new Messages(messages);
  }

  private static final class Messages extends AbstractList<ReceivedMessage>
      implements RandomAccess {
    private final NativeMessage[] messages;

    Messages(NativeMessage[] messages) {
      this.messages = messages;
    }

    @Override
    public ReceivedMessage get(int index) {
      return messages[index];
    }

    @Override
    public int size() {
      return messages.length;
    }
  }

  @Override
  public boolean enter() {
    if ((state.getAndAdd(READER) & ACKNOWLEDGED) != 0) {
      leave();
      return false;
    }
    return true;
  }

  @Override
  public void leave() {
    if (state.addAndGet(-READER) == ACKNOWLEDGED) {
      end();
    }
  }

  /** Once: tells what became of it. The messages stay valid, save for bodies that were read in place. */
  public void acknowledge(int successCount, int delayLevel, int suspendMillis) {
    try {
      for (NativeMessage message : messages) {
        message.keepBody();
      }
    } catch (OutOfMemoryError e) {
      // Those bodies are gone then; the acknowledgement must not be.
    }
    this.successCount = successCount;
    this.delayLevel = delayLevel;
    this.suspendMillis = suspendMillis;
    if (state.getAndUpdate(ACKNOWLEDGE) == 0) {
      end();
    }
  }

  /** It is given again, as another object: this one acknowledges nothing. False where it was begun. */
  boolean cancel() {
    if (!claim.compareAndSet(0, ENDED)) {
      return false;
    }
    state.getAndUpdate(ACKNOWLEDGE);
    consumer.outstanding.remove(place);
    return true;
  }

  /** The consumer is closed: a task that an executor has dropped consumes nothing any more, and nor does a late one. */
  void abandon() {
    if (claim.compareAndSet(0, BEGUN)) {
      acknowledge(0, 0, 0);
    }
  }

  private void end() {
    // A reader that came too late and left at once is a last one too.
    if (claim.getAndSet(ENDED) != ENDED) {
      consumer.outstanding.remove(place);
      consumer.acknowledge(deliveryId, successCount, delayLevel, suspendMillis);
    }
  }
}
