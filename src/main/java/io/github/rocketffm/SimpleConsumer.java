package io.github.rocketffm;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * Takes messages when it is asked to, and acknowledges each one. For any number of threads at once, platform and
 * virtual ones; close it when done.
 *
 * <pre>{@code
 * try (var consumer = SimpleConsumer.builder("billing").nameServers("127.0.0.1:9876")
 *     .subscribe("orders", FilterExpression.all()).start()) {
 *   for (ReceivedMessage message : consumer.receive(16, Duration.ofSeconds(30))) {
 *     process(message);
 *     consumer.ack(message);
 *   }
 * }
 * }</pre>
 *
 * <p>Brokers choose the queues, so that any number of consumers of a group share a topic. A message is hidden from the
 * group for its invisible duration; unless it is acknowledged by then, it is received again with {@link
 * ReceivedMessage#reconsumeTimes()} counted up, as often as it takes: nothing moves it to a dead-letter queue.
 */
public interface SimpleConsumer extends AutoCloseable {
  /**
   * Begins a consumer.
   *
   * @param group the consumer group: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'
   * @return a builder
   */
  static SimpleConsumerBuilder builder(String group) {
    return Provider.get().simpleConsumer(Objects.requireNonNull(group, "group"));
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
   * Adds a topic, or changes its filter, for the receives that begin afterwards. What the tags leave out is
   * acknowledged. A broker is asked whether it takes a condition; where none answers within the request timeout, a
   * receive tells of a refusal.
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
   * Gives up a topic. What was received of it can still be acknowledged.
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
   * Takes messages of all topics, from all their brokers in turn, and waits for the first one at most the builder's
   * await duration. A broker that cannot be reached is tried again until that time is over, and told of only when no
   * broker answered.
   *
   * @param maxMessages 1 to 1,024
   * @param invisibleDuration how long they are hidden from the group: 1 s to 12 h
   * @return the messages, which stay valid for ever; empty when there was none
   * @throws RocketMqException when that fails; INTERRUPTED (the interrupt stays set) when the thread is interrupted:
   *     what the receive brings then comes again after its invisible duration
   */
  List<ReceivedMessage> receive(int maxMessages, Duration invisibleDuration);

  /**
   * Receives without waiting. The future ends exactly once, as {@link #receive}, on a thread of the library that
   * serves this consumer, or on the builder's completionExecutor. What is attached to it there must not block, as later
   * ends of this consumer wait behind it (use the {@code …Async} methods, or a completionExecutor, for what does).
   * Cancelling it does not end the receive: what that brings comes again after its invisible duration.
   *
   * @param maxMessages 1 to 1,024
   * @param invisibleDuration how long they are hidden from the group: 1 s to 12 h
   * @return the messages
   */
  CompletableFuture<List<ReceivedMessage>> receiveAsync(
      int maxMessages, Duration invisibleDuration);

  /**
   * Acknowledges a message, so that the group is not given it again, and waits for the broker at most the builder's
   * request timeout. A broker takes an acknowledgement after the invisible duration too, and the message comes again
   * all the same. It may be repeated after a failure.
   *
   * @param message a message that a simple consumer of the group received
   * @throws RocketMqException when that fails; {@link InvalidArgumentException} for a message that came otherwise
   */
  void ack(ReceivedMessage message);

  /**
   * Acknowledges without waiting.
   *
   * @param message a message that a simple consumer of the group received
   * @return its end, as {@link #ack}, on a thread as of {@link #receiveAsync(int, Duration)}
   */
  CompletableFuture<Void> ackAsync(ReceivedMessage message);

  /**
   * Hides a message for so long from now on, longer or shorter than before. After a timeout or a lost connection it
   * may have been done, and the message then can no longer be acknowledged.
   *
   * @param message a message that a simple consumer of the group received
   * @param invisibleDuration 1 s to 12 h
   * @throws RocketMqException when that fails; {@link InvalidArgumentException} for a message that came otherwise
   */
  void changeInvisibleDuration(ReceivedMessage message, Duration invisibleDuration);

  /**
   * Changes the invisible duration without waiting.
   *
   * @param message a message that a simple consumer of the group received
   * @param invisibleDuration 1 s to 12 h
   * @return its end, as {@link #changeInvisibleDuration}, on a thread as of {@link #receiveAsync(int, Duration)}
   */
  CompletableFuture<Void> changeInvisibleDurationAsync(
      ReceivedMessage message, Duration invisibleDuration);

  /**
   * Reads counters and gauges.
   *
   * @return their values now
   * @throws ClientClosedException after {@link #close()}
   */
  SimpleConsumerStatistics statistics();

  /**
   * Ends receives under way with {@link ClientClosedException}, waits for acknowledgements, at most the builder's
   * close timeout, and leaves the group. Messages that were received stay valid, but can no longer be acknowledged
   * here. Idempotent, from any thread; on a thread of the library it does not wait.
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
