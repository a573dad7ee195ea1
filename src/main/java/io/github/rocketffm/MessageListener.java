package io.github.rocketffm;

/** Consumes messages one by one, on the consumer's executor; several at a time. */
@FunctionalInterface
public interface MessageListener {
  /**
   * Consumes a message. What is thrown, and {@code null}, count as {@link ConsumeResult#RETRY}.
   *
   * @param message the message
   * @return what became of it
   * @throws Exception to have it delivered again
   */
  ConsumeResult consume(ReceivedMessage message) throws Exception;
}
