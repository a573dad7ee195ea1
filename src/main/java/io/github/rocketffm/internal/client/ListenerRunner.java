package io.github.rocketffm.internal.client;

import io.github.rocketffm.BatchMessageListener;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.calls.NativeBatch;
import java.util.List;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a consumer's listener on its executor, and acknowledges what it answers: every batch once, whatever fails. */
final class ListenerRunner {
  private static final Logger LOGGER = LoggerFactory.getLogger(PushConsumer.class);

  /** The one whose listener runs on this thread: closing its consumer must not wait for the listener. */
  private static final ThreadLocal<ListenerRunner> CURRENT = new ThreadLocal<>();

  private final BatchMessageListener listener;
  private final Executor executor;
  private final boolean orderly;

  /** What was told in the log once; the events of a consumer come one at a time. */
  private volatile boolean refusing;

  ListenerRunner(BatchMessageListener listener, Executor executor, boolean orderly) {
    this.listener = listener;
    this.executor = executor;
    this.orderly = orderly;
  }

  boolean isCurrent() {
    return CURRENT.get() == this;
  }

  /** False where the executor refuses, which says nothing of the messages: they come again. */
  boolean receive(NativeBatch batch) {
    try {
      executor.execute(() -> consume(batch));
      refusing = false;
      return true;
    } catch (Throwable e) {
      // Also for want of memory or of threads: the messages were read, and wait as long as it
      // takes.
      if (!refusing) {
        warn(
            "the executor failed to take a batch: unless it runs, it is handed over again until it is taken",
            batch,
            e);
      }
      refusing = true;
      return false;
    }
  }

  private void consume(NativeBatch batch) {
    if (!batch.begin()) {
      return;
    }
    // Null: to be delivered again, also where there was no memory for anything else.
    ConsumeResult result = null;
    boolean interrupted = false;
    try {
      CURRENT.set(this);
      List<ReceivedMessage> messages = batch.messages();
      ConsumeResult answer = listener.consume(messages);
      if (answer == null) {
        warn("the listener returned null: to be delivered again", batch, null);
      } else if (answer.successCount() > messages.size()) {
        warn(
            "the listener claims more messages than there are: to be delivered again", batch, null);
      } else {
        result = fitting(answer, batch);
      }
    } catch (Throwable e) {
      interrupted = e instanceof InterruptedException;
      warn("the listener failed: to be delivered again", batch, e);
    } finally {
      forget();
      acknowledge(batch, result);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Must not keep a batch from its acknowledgement either. */
  private static void forget() {
    try {
      CURRENT.remove();
    } catch (Throwable e) {
      // The next batch on the thread sets its own.
    }
  }

  /** What the mode of the consumer cannot do is left to its defaults, so that the batch is acknowledged. */
  private ConsumeResult fitting(ConsumeResult answer, NativeBatch batch) {
    if (orderly && answer.delayLevel() > 0) {
      warn("an orderly consumer has no delay levels: it suspends the queue", batch, null);
      return new ConsumeResult(answer.successCount(), 0);
    }
    if (!orderly && !answer.suspension().isZero()) {
      warn(
          "only an orderly consumer suspends a queue: to be delivered again by the broker's schedule",
          batch,
          null);
      return new ConsumeResult(answer.successCount(), answer.delayLevel());
    }
    return answer;
  }

  private static void acknowledge(NativeBatch batch, ConsumeResult result) {
    if (result == null) {
      batch.acknowledge(0, 0, 0);
    } else {
      batch.acknowledge(
          result.successCount(), result.delayLevel(), (int) result.suspension().toMillis());
    }
  }

  /** A logging backend that fails must not keep a batch from its acknowledgement. */
  private static void warn(String what, NativeBatch batch, Throwable cause) {
    try {
      LOGGER.warn("{} ({})", what, batch.messages().getFirst(), cause);
    } catch (Throwable e) {
      // There is nobody left to tell.
    }
  }
}
