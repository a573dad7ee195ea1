package io.github.rocketffm;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/**
 * A member of a consumer group: shares the topics' queues with the group's other members and gives their messages
 * to a listener, several at a time, on virtual threads unless it is given an executor. Each message is delivered
 * at least once: again after a failure, and after a change of the group or a crash.
 *
 * <p>An {@link PushConsumerBuilder#orderly() orderly} consumer gives out the messages of a queue one after the other,
 * so that those with the same sharding key are consumed in the order in which they were sent. A {@link
 * PushConsumerBuilder#broadcasting() broadcasting} one gets all messages, whatever the group's other members get.
 *
 * <p>One that is forgotten without a close goes on consuming, and nobody can close it any more. It does not keep the
 * virtual machine from ending: all its threads are daemons.
 */
public interface PushConsumer extends AutoCloseable {
  /**
   * Begins a consumer.
   *
   * @param group the consumer group: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'
   * @return a builder
   */
  static PushConsumerBuilder builder(String group) {
    return Provider.get().pushConsumer(Objects.requireNonNull(group, "group"));
  }

  /**
   * The consumer group.
   *
   * @return its name
   */
  String group();

  /**
   * The name by which brokers know the client, which producers and consumers share: for tools that list connections.
   *
   * @return such as {@code 192.0.2.1@12345#name}
   */
  String clientId();

  /**
   * Adds a topic, or changes its filter for what is pulled from then on. A broker is asked whether it takes a
   * condition; where none answers within the request timeout, a later refusal is logged.
   *
   * @param topic the topic
   * @param filter which of its messages; the same for all members of the group
   * @throws RocketMqException for a bad topic or filter, and after {@link #close()}; {@link RequestRejectedException}
   *     when a broker refuses the condition, in which case the earlier filter stays; {@link
   *     OperationInterruptedException} when the thread is interrupted while a broker is asked (the interrupt stays set,
   *     and the change may take effect yet)
   */
  void subscribe(String topic, FilterExpression filter);

  /**
   * Gives up a topic.
   *
   * @param topic the topic
   * @throws RocketMqException for a bad topic, and after {@link #close()}
   */
  void unsubscribe(String topic);

  /**
   * The topics that the consumer is subscribed to, each with its filter: those of the builder, and what {@link
   * #subscribe} and {@link #unsubscribe} changed. After {@link #close()} it tells what was there at the end.
   *
   * @return an unmodifiable snapshot, in no order
   */
  Map<String, FilterExpression> subscriptions();

  /**
   * Stops giving messages to the listener, until {@link #resume()}.
   *
   * @throws RocketMqException after {@link #close()}
   */
  void suspend();

  /**
   * Goes on after {@link #suspend()}.
   *
   * @throws RocketMqException after {@link #close()}
   */
  void resume();

  /**
   * Reads counters and gauges.
   *
   * @return their values now
   * @throws ClientClosedException after {@link #close()}
   */
  PushConsumerStatistics statistics();

  /**
   * Takes no more messages, waits for listeners that run, at most the builder's close timeout, persists offsets
   * and leaves the group. Messages whose listener has not ended by then are delivered again to the group.
   * Idempotent, from any thread; called by the consumer's own listener, or on a thread of the library, it does not
   * wait.
   */
  @Override
  void close();

  /**
   * Closes with a timeout of its own.
   *
   * @param timeout 0 to 10 min
   */
  void close(Duration timeout);

  /**
   * Whether {@link #close()} was called, by whichever thread: the close itself may still be under way, and {@link
   * #awaitClose()} waits for its end.
   *
   * @return true from the call on
   */
  boolean isClosed();

  /**
   * Waits until the consumer is closed, by another thread: in {@code main}, say, while a shutdown hook closes it.
   *
   * @throws OperationInterruptedException when the thread is interrupted (the interrupt stays set)
   */
  void awaitClose();
}
