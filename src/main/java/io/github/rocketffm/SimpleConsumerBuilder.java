package io.github.rocketffm;

import java.time.Duration;
import java.util.concurrent.Executor;

/** Builds a simple consumer. May be used again: each start takes the settings as they are then. */
public interface SimpleConsumerBuilder extends ClientBuilder<SimpleConsumerBuilder> {
  /**
   * Adds a topic.
   *
   * @param topic the topic
   * @param filter which of its messages
   * @return this
   */
  SimpleConsumerBuilder subscribe(String topic, FilterExpression filter);

  /**
   * Sets how long a receive waits for its first message.
   *
   * @param duration 0 to 10 min; 20 s by default
   * @return this
   */
  SimpleConsumerBuilder awaitDuration(Duration duration);

  /**
   * Sets where a group begins in a queue that it has not consumed of. As the brokers understand the last offset, it
   * is the last message that is there, and the first one of a queue that is young.
   *
   * @param from {@link ConsumeFrom#lastOffset()} by default, or {@link ConsumeFrom#firstOffset()}
   * @return this
   * @throws InvalidArgumentException for a timestamp, which brokers do not know here
   */
  SimpleConsumerBuilder consumeFrom(ConsumeFrom from);

  /**
   * Runs what is attached to futures elsewhere than on the threads of the library: the ends that come together are
   * handed over in one task. While the executor refuses, they wait; where 1,024 or more wait, asynchronous calls
   * fail with TOO_MANY_REQUESTS. Synchronous calls do not need it. An executor that blocks in {@code execute}, or runs
   * what it is given there, holds up all ends of this consumer.
   *
   * @param executor the executor; not closed with the consumer
   * @return this
   */
  SimpleConsumerBuilder completionExecutor(Executor executor);

  /**
   * Starts the consumer. Does not wait for any server, save, at most the request timeout, for its word on a
   * condition as a filter.
   *
   * @return the consumer, to be closed
   * @throws RequestRejectedException when a broker refuses a condition
   * @throws RocketMqException for settings out of range; CONFLICT when this group has a live consumer already with
   *     the same settings of {@link ClientBuilder} (give one an {@code instanceName})
   * @throws NativeLibraryException when the native library cannot be loaded
   */
  SimpleConsumer start();
}
