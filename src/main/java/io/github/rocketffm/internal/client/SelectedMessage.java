package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.QueueSelector;
import io.github.rocketffm.internal.memory.OutgoingMessage;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A message for the queue that a selector chose.
 *
 * @param spentMillis what the look-up of the queues and the selector took
 */
record SelectedMessage(OutgoingMessage content, long spentMillis) {
  /** Has the selector choose among the queues, which were asked for at {@code begin}. */
  static SelectedMessage of(
      Message message, QueueSelector selector, List<MessageQueue> queues, long begin) {
    MessageQueue chosen = selector.select(message, queues);
    if (chosen == null || !queues.contains(chosen)) {
      throw InvalidArgumentException.of(
          "the selector chose " + chosen + ", which is none of the topic's queues: " + queues);
    }
    long spent = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    return new SelectedMessage(OutgoingMessage.of(message).to(chosen), spent);
  }

  /** What is left of a limit for the send itself. */
  int left(int limitMillis) {
    long left = limitMillis - spentMillis;
    if (left < 1) {
      throw Failures.of(
          ErrorKind.TIMEOUT,
          "the timeout of "
              + limitMillis
              + " ms was over when the selector had chosen a queue, after "
              + spentMillis
              + " ms: nothing was sent");
    }
    return (int) left;
  }
}
