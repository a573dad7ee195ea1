package io.github.rocketffm.internal;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_transaction_check;
import io.github.rocketffm.internal.binding.rocketmq_transaction_check_callback;
import io.github.rocketffm.internal.binding.rocketmq_transaction_options;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A broker's question what became of a half message, copied; to be answered once. */
public final class NativeCheck {
  private static final Logger LOGGER = LoggerFactory.getLogger(NativeCheck.class);
  private static final long CHECK_ID = rocketmq_transaction_check.check_id$offset();
  private static final long MESSAGE = rocketmq_transaction_check.message$offset();

  /** Takes checks over, on a thread of the library: it must not block, nor throw. */
  public interface Receiver {
    void receive(NativeCheck check);
  }

  private static final class Stub {
    static final MemorySegment ON_CHECK =
        rocketmq_transaction_check_callback.allocate(NativeCheck::onCheck, Arena.global());
  }

  private final NativeProducer<?> producer;
  private final MemorySegment pointer;
  private final long id;
  private final ReceivedMessage message;
  private final AtomicBoolean answered = new AtomicBoolean();

  private NativeCheck(
      NativeProducer<?> producer, MemorySegment pointer, long id, ReceivedMessage message) {
    this.producer = producer;
    this.pointer = pointer;
    this.id = id;
    this.message = message;
  }

  /** Before the producer is started. */
  static int install(MemorySegment producer, long context, MemorySegment error, Arena arena) {
    MemorySegment options = rocketmq_transaction_options.allocate(arena);
    rocketmq_transaction_options.size(options, rocketmq_transaction_options.sizeof());
    rocketmq_transaction_options.on_check(options, Stub.ON_CHECK);
    rocketmq_transaction_options.context(options, context);
    return Rocketmq.rocketmq_producer_set_transaction_options(producer, options, error);
  }

  private static void onCheck(long context, MemorySegment check) {
    // Nothing may leave an upcall: the virtual machine would end.
    try {
      NativeProducer<?> producer = NativeProducer.enter(context);
      // The native producer lives until the check is answered.
      MemorySegment pointer = producer.hold();
      if (pointer == null) {
        return;
      }
      long id = Memory.address(check.address() + CHECK_ID);
      NativeCheck copied;
      try {
        long view = Memory.address(check.address() + MESSAGE);
        copied = new NativeCheck(producer, pointer, id, producer.copy(view));
      } catch (Throwable e) {
        LibraryThread.report(LOGGER, "a check could not be read: the broker will ask again", e);
        new NativeCheck(producer, pointer, id, null)
            .answer(Rocketmq.ROCKETMQ_TRANSACTION_UNKNOWN());
        return;
      }
      producer.checks().receive(copied);
    } catch (Throwable e) {
      LibraryThread.report(LOGGER, "a check of a transaction could not be taken", e);
    }
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
      producer.release();
    }
  }
}
