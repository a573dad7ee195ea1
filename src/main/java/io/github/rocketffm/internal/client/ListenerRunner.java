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
  private final Redelivery redelivery;

  /** What was told in the log once; the events of a consumer come one at a time. */
  private volatile boolean refusing;

  ListenerRunner(
      BatchMessageListener listener, Executor executor, boolean orderly, Redelivery redelivery) {
    this.redelivery = redelivery;
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
        warnOfExecutor(batch, e);
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
        warn("returned null", batch, 0, 0, null);
      } else if (answer.successCount() > messages.size()) {
        String claimed = "claims to have consumed " + answer.successCount() + " messages";
        warn(claimed + ", of a batch of " + messages.size() + ",", batch, 0, 0, null);
      } else {
        result = fitting(answer, batch);
      }
    } catch (Throwable e) {
      interrupted = e instanceof InterruptedException;
      warn("failed", batch, 0, 0, e);
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
      warnOfRest("gave a delay level, which an orderly consumer has not,", batch, answer, 0);
      return new ConsumeResult(answer.successCount(), 0);
    }
    if (!orderly && !answer.suspension().isZero()) {
      String what = "suspended the queue, as only an orderly consumer can,";
      warnOfRest(what, batch, answer, answer.delayLevel());
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

  private void warnOfRest(String what, NativeBatch batch, ConsumeResult answer, int delayLevel) {
    if (answer.successCount() >= 0 && answer.successCount() < batch.messages().size()) {
      warn(what, batch, answer.successCount(), delayLevel, null);
    }
  }

  /**
   * A logging backend that fails must not keep a batch from its acknowledgement.
   *
   * @param first the first message that is not consumed, by its place
   */
  private void warn(String what, NativeBatch batch, int first, int delayLevel, Throwable cause) {
    try {
      List<ReceivedMessage> messages = batch.messages();
      ReceivedMessage message = messages.get(first);
      int more = messages.size() - first - 1;
      LOGGER.warn(
          "the listener of group {} {} with {}{}, {}",
          redelivery.group(),
          what,
          message,
          more == 0 ? "" : " and " + more + " more, of which the same holds by their own tries",
          redelivery.after(message.reconsumeTimes(), delayLevel),
          cause);
    } catch (Throwable e) {
      // There is nobody left to tell.
    }
  }

  private void warnOfExecutor(NativeBatch batch, Throwable cause) {
    try {
      LOGGER.warn(
          "the executor of group {} failed to take a batch: unless it runs, it is handed over again until it is"
              + " taken ({})",
          redelivery.group(),
          batch.messages().getFirst(),
          cause);
    } catch (Throwable e) {
      // There is nobody left to tell.
    }
  }
}
