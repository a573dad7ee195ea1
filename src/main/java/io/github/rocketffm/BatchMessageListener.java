package io.github.rocketffm;

import java.util.List;

/** Consumes batches of one queue's messages, on the consumer's executor; several at a time. */
@FunctionalInterface
public interface BatchMessageListener {
  /**
   * Consumes a batch. What is thrown, and {@code null}, count as {@link ConsumeResult#RETRY} for all of it.
   *
   * @param messages 1 to the batch size, in the order of their offsets
   * @return what became of them
   * @throws Exception to have them delivered again
   */
  ConsumeResult consume(List<ReceivedMessage> messages) throws Exception;
}
