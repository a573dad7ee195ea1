package io.github.rocketffm.internal.calls;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_transaction_check;
import io.github.rocketffm.internal.binding.rocketmq_transaction_options;
import io.github.rocketffm.internal.memory.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A broker's question what became of a half message, copied; to be answered once. */
public final class NativeCheck {
  private static final Logger LOGGER = LoggerFactory.getLogger(NativeCheck.class);
  private static final int AGAIN_MILLIS = 10;

  /** Made beforehand, as is what ends without memory. */
  static final Consumer<NativeCheck> ABANDON = NativeCheck::abandon;

  private static final long CHECK_ID = rocketmq_transaction_check.check_id$offset();
  private static final long MESSAGE = rocketmq_transaction_check.message$offset();

  /** Takes checks over, on a thread of the library: it must not block, nor throw. */
  public interface Receiver {
    /** False where it cannot take this one now: it comes again. */
    boolean receive(NativeCheck check);
  }

  private final NativeProducer producer;
  private final MemorySegment pointer;
  private final long id;
  private final ReceivedMessage message;

  /** Among the producer's {@link NativeProducer#outstandingChecks}. */
  private final int place;

  private final AtomicBoolean begun = new AtomicBoolean();
  private final AtomicBoolean answered = new AtomicBoolean();

  private NativeCheck(
      NativeProducer producer, MemorySegment pointer, long id, ReceivedMessage message) {
    this.producer = producer;
    this.pointer = pointer;
    this.id = id;
    this.message = message;
    place = producer.outstandingChecks.reserve();
    producer.outstandingChecks.put(place, this);
  }

  /** Where a producer's checks come from. */
  static final class Source implements Events.Handler {
    private final NativeProducer producer;
    private final Receiver receiver;
    private final long number = Events.open(this);

    Source(NativeProducer producer, Receiver receiver) {
      this.producer = producer;
      this.receiver = receiver;
    }

    /** Before the producer is started. */
    int install(
        MemorySegment pointer, NativeProducerSettings settings, MemorySegment error, Arena arena) {
      MemorySegment options = rocketmq_transaction_options.allocate(arena);
      rocketmq_transaction_options.size(options, rocketmq_transaction_options.sizeof());
      rocketmq_transaction_options.on_check(options, Rocketmq.rocketmq_event_on_check$address());
      rocketmq_transaction_options.context(options, number);
      rocketmq_transaction_options.max_pending_checks(options, settings.maxPendingChecks);
      rocketmq_transaction_options.check_timeout_ms(options, settings.checkTimeoutMillis);
      return Rocketmq.rocketmq_producer_set_transaction_options(pointer, options, error);
    }

    /** Before the producer is destroyed, with which its checks go. */
    void close() {
      Events.close(number);
    }

    @Override
    public ClassLoader loader() {
      return producer.loader();
    }

    @Override
    public void handle(Event event) {
      // The native producer lives until the check is answered.
      MemorySegment pointer = producer.hold();
      if (pointer == null) {
        return;
      }
      long check = event.data();
      long id = Memory.address(check + CHECK_ID);
      NativeCheck copied = null;
      boolean taken = false;
      try {
        copied = new NativeCheck(producer, pointer, id, copy(event, check));
        if (copied.message == null) {
          copied.begin();
          copied.answer(Rocketmq.ROCKETMQ_TRANSACTION_UNKNOWN());
        } else if (!receiver.receive(copied)) {
          event.repeatAfter(AGAIN_MILLIS);
          return;
        }
        taken = true;
        if (producer.closed) {
          // The close may have passed it by.
          copied.abandon();
        }
      } finally {
        // Otherwise its answer gives the place back.
        if (copied == null) {
          producer.release();
        } else if (!taken) {
          if (copied.begin()) {
            producer.outstandingChecks.remove(copied.place);
            producer.release();
          } else {
            // The executor runs it, although it failed: the event's memory goes with the answer.
            event.setTaken();
          }
        }
      }
    }

    /** Null for what cannot be read. */
    private ReceivedMessage copy(Event event, long check) {
      if (event.isLastTry()) {
        return null;
      }
      try {
        return producer.copy(Memory.address(check + MESSAGE));
      } catch (OutOfMemoryError e) {
        throw e;
      } catch (Throwable e) {
        LibraryThread.report(LOGGER, "a check could not be read: the broker will ask again", e);
        return null;
      }
    }
  }

  /**
   * Claims it, to answer it or to let it be given again as another object: an executor may run a task and fail all the
   * same. False where it was claimed before.
   */
  public boolean begin() {
    return !begun.getAndSet(true);
  }

  public ReceivedMessage message() {
    return message;
  }

  /**
   * With one of ROCKETMQ_TRANSACTION_*; later answers do nothing. What fails here cannot be mended by the caller: the
   * broker asks again.
   */
  public void answer(int state) {
    if (answered.getAndSet(true)) {
      return;
    }
    try {
      int status = Rocketmq.rocketmq_producer_answer_check(pointer, id, state, MemorySegment.NULL);
      if (status != Rocketmq.ROCKETMQ_OK()) {
        LOGGER.debug("the answer to a check came too late (status {})", status);
      }
    } finally {
      producer.outstandingChecks.remove(place);
      producer.release();
    }
  }

  /** The producer is closed: a task that an executor has dropped checks nothing any more, and nor does a late one. */
  void abandon() {
    if (begin()) {
      answer(Rocketmq.ROCKETMQ_TRANSACTION_UNKNOWN());
    }
  }
}
