package io.github.rocketffm;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages. For any number of threads at once, platform and virtual ones; close it when done.
 *
 * <pre>{@code
 * try (var producer = Producer.builder("order-service").nameServers("127.0.0.1:9876").start()) {
 *   producer.send(Message.builder("orders").body("hello").build());
 * }
 * }</pre>
 *
 * <p>A failed attempt is repeated, on another broker where there is one, within the send's timeout. Whether
 * the message may be stored although its send failed tells {@link RocketMqException#mayBeStored}.
 *
 * <p>An interrupt ends the wait of a virtual thread in each call that waits for a server, and of a platform thread in
 * {@link #queues}, {@link #recall}, {@link #warmUp}, {@link #flush}, and a {@code sendAsync} or {@code requestAsync}
 * that waits for its turn: with {@link OperationInterruptedException}, while what was begun goes on and the interrupt
 * stays set. What sends a message on a platform thread is one native call, which ends by its timeout; waiting for the
 * future of its {@code Async} method can be interrupted there too. The end of a transaction is told whatever interrupts
 * come.
 */
public interface Producer extends AutoCloseable {
  /**
   * Begins a producer.
   *
   * @param group the producer group: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'
   * @return a builder
   */
  static ProducerBuilder builder(String group) {
    return Provider.get().producer(Objects.requireNonNull(group, "group"));
  }

  /**
   * The producer group.
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
   * Sends, and waits for the broker's acknowledgement, at most the producer's send timeout. On a platform thread
   * this is one blocking native call; a virtual thread parks without holding its carrier.
   *
   * @param message the message
   * @return what the broker acknowledged
   * @throws RocketMqException when that fails; INTERRUPTED (the interrupt stays set) when a virtual thread is
   *     interrupted, while the send goes on
   */
  SendResult send(Message message);

  /**
   * Sends, and waits at most so long.
   *
   * @param message the message
   * @param timeout 1 ms to 10 min
   * @return what the broker acknowledged
   * @throws RocketMqException when that fails
   */
  SendResult send(Message message, Duration timeout);

  /**
   * Sends to a queue of the caller's choice.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread
   * @return what the broker acknowledged
   * @throws RocketMqException when that fails; INVALID_ARGUMENT where the selector chose none of the queues
   */
  SendResult send(Message message, QueueSelector selector);

  /**
   * Sends to a queue of the caller's choice, and waits at most so long, the look-up of the queues and the selector
   * included.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread
   * @param timeout 1 ms to 10 min
   * @return what the broker acknowledged
   * @throws RocketMqException when that fails; INVALID_ARGUMENT where the selector chose none of the queues
   */
  SendResult send(Message message, QueueSelector selector, Duration timeout);

  /**
   * Lists the queues of a topic to send to. Waits for the route where that is not known yet.
   *
   * @param topic the topic
   * @return the queues, sorted by broker name and queue id; of a topic that is created on demand, those that it will
   *     have
   * @throws RocketMqException when the route cannot be had within the send timeout
   */
  List<MessageQueue> queues(String topic);

  /**
   * Lists the queues of a topic to send to, without waiting.
   *
   * @param topic the topic
   * @return the queues as of {@link #queues}; ends as the future of {@link #sendAsync(Message)}
   */
  CompletableFuture<List<MessageQueue>> queuesAsync(String topic);

  /**
   * Sends messages in one request, and waits: all are stored together, or none. They go to one topic and one queue
   * (all name the same one, or have the same sharding key, or none do); none is delayed; all together are at most as
   * large as one message may be ({@link MessageSplitter} cuts what is larger). They are not compressed.
   *
   * @param messages 1 to 32,767
   * @return a result for each, in their order
   * @throws RocketMqException when that fails; INVALID_ARGUMENT names the message by its place
   */
  List<SendResult> send(Collection<Message> messages);

  /**
   * Sends messages in one request, as {@link #send(Collection)}, and waits at most so long.
   *
   * @param messages 1 to 32,767
   * @param timeout 1 ms to 10 min
   * @return a result for each, in their order
   * @throws RocketMqException when that fails; INVALID_ARGUMENT names the message by its place
   */
  List<SendResult> send(Collection<Message> messages, Duration timeout);

  /**
   * Sends messages in one request, as {@link #send(Collection)}, without waiting. It counts as one send in flight.
   *
   * @param messages 1 to 32,767
   * @return the end, as of {@link #sendAsync(Message)}, with a result for each message
   */
  CompletableFuture<List<SendResult>> sendAsync(Collection<Message> messages);

  /**
   * Sends messages in one request without waiting, within a time of its own.
   *
   * @param messages 1 to 32,767
   * @param timeout 1 ms to 10 min
   * @return the end, as of {@link #sendAsync(Collection)}
   */
  CompletableFuture<List<SendResult>> sendAsync(Collection<Message> messages, Duration timeout);

  /**
   * Takes back a timed message that is not delivered yet.
   *
   * @param topic the topic that it was sent to
   * @param recallHandle {@link SendResult#recallHandle()} of its send
   * @return the id of the message, as the broker tells it
   * @throws InvalidArgumentException for what is no handle, or one of another topic
   * @throws RequestRejectedException when it is delivered already, or the broker's {@code recallMessageEnable} is off
   *     (as RocketMQ ships)
   * @throws RocketMqException when the broker cannot be reached within the send timeout
   */
  String recall(String topic, String recallHandle);

  /**
   * Takes back a timed message that is not delivered yet, without waiting.
   *
   * @param topic the topic that it was sent to
   * @param recallHandle {@link SendResult#recallHandle()} of its send
   * @return the id of the message, or what {@link #recall} throws; ends as the future of {@link #sendAsync(Message)}
   */
  CompletableFuture<String> recallAsync(String topic, String recallHandle);

  /**
   * Sends without waiting for the acknowledgement. The future ends exactly once: with the result, or with a
   * {@link RocketMqException}, also for a message that is refused here ({@link InvalidArgumentException}); the call
   * itself throws for nothing but a null. When too many sends are in flight the call waits for its turn, unless
   * {@link ProducerBuilder#blockWhenFull} says otherwise.
   * It ends on a thread of the library that serves this producer, or on the builder's completionExecutor. What is
   * attached to it there must not block, as later ends of this producer wait behind it (use the {@code …Async}
   * methods, or a completionExecutor, for what does); to wait there for another send throws INVALID_STATE.
   *
   * @param message the message
   * @return the send's end
   */
  CompletableFuture<SendResult> sendAsync(Message message);

  /**
   * Sends without waiting, within a time of its own.
   *
   * @param message the message
   * @param timeout 1 ms to 10 min
   * @return the send's end, as {@link #sendAsync(Message)}
   */
  CompletableFuture<SendResult> sendAsync(Message message, Duration timeout);

  /**
   * Sends to a queue of the caller's choice without waiting for the acknowledgement; for the topic's queues it waits
   * where they are not known yet.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread; what it throws ends the future
   * @return the send's end, as {@link #sendAsync(Message)}
   */
  CompletableFuture<SendResult> sendAsync(Message message, QueueSelector selector);

  /**
   * Sends to a queue of the caller's choice without waiting for the acknowledgement, within a time of its own, as
   * {@link #send(Message, QueueSelector, Duration)} counts it.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread; what it throws ends the future
   * @param timeout 1 ms to 10 min
   * @return the send's end, as {@link #sendAsync(Message)}
   */
  CompletableFuture<SendResult> sendAsync(
      Message message, QueueSelector selector, Duration timeout);

  /**
   * Sends without an acknowledgement: it returns when the message was handed to the connection, which may still
   * lose it. Waits for the route and the connection, where these are not there yet, at most the producer's send
   * timeout.
   *
   * @param message the message
   * @throws RocketMqException when it could not be handed over
   */
  void sendOneWay(Message message);

  /**
   * Sends without an acknowledgement, as {@link #sendOneWay(Message)}, and waits at most so long.
   *
   * @param message the message
   * @param timeout 1 ms to 10 min
   * @throws RocketMqException when it could not be handed over
   */
  void sendOneWay(Message message, Duration timeout);

  /**
   * Sends to a queue of the caller's choice without an acknowledgement, as {@link #sendOneWay(Message)}.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread
   * @throws RocketMqException when it could not be handed over
   */
  void sendOneWay(Message message, QueueSelector selector);

  /**
   * Sends to a queue of the caller's choice without an acknowledgement, and waits at most so long, as {@link
   * #send(Message, QueueSelector, Duration)} counts it.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread
   * @param timeout 1 ms to 10 min
   * @throws RocketMqException when it could not be handed over
   */
  void sendOneWay(Message message, QueueSelector selector, Duration timeout);

  /**
   * Begins a transaction: stores the message, to be delivered once the transaction is committed. To be used with
   * try-with-resources, as leaving without a commit rolls back.
   *
   * @param message the message; not delayed, and no reply
   * @return the transaction
   * @throws RocketMqException INVALID_STATE where the producer has no checker; REJECTED also where the message was
   *     stored with another status than {@link SendStatus#SEND_OK}, and so was rolled back; otherwise as
   *     {@link #send(Message)}
   */
  Transaction begin(Message message);

  /**
   * Begins a transaction as {@link #begin(Message)}, and waits at most so long for the message to be stored.
   *
   * @param message the message; not delayed, and no reply
   * @param timeout 1 ms to 10 min; not of the end, which has the producer's send timeout
   * @return the transaction
   * @throws RocketMqException as {@link #begin(Message)}
   */
  Transaction begin(Message message, Duration timeout);

  /**
   * Begins a transaction without waiting for the message to be stored. One whose future was cancelled meanwhile is
   * rolled back. It takes no part in {@link ProducerBuilder#maxInFlight}; a producer has 100,000 open transactions at
   * the most.
   *
   * @param message the message; not delayed, and no reply
   * @return the transaction, or what {@link #begin(Message)} throws; ends as the future of {@link #sendAsync(Message)}
   */
  CompletableFuture<Transaction> beginAsync(Message message);

  /**
   * Begins a transaction as {@link #beginAsync(Message)}, within a time of its own.
   *
   * @param message the message; not delayed, and no reply
   * @param timeout 1 ms to 10 min; not of the end, which has the producer's send timeout
   * @return the transaction, as of {@link #beginAsync(Message)}
   */
  CompletableFuture<Transaction> beginAsync(Message message, Duration timeout);

  /**
   * Sends a message in a transaction: stores it, has the listener carry the local transaction out, and ends the
   * transaction as the listener says.
   *
   * @param message the message; not delayed, and no reply
   * @param argument for the listener; may be null
   * @return how it ended; a listener that fails, and an end that does not reach the broker, are told here, and leave
   * it
   *     to the check
   * @throws RocketMqException INVALID_STATE where the producer has no listener; otherwise, when the message was not
   *     stored, as {@link #send(Message)}
   */
  TransactionSendResult sendInTransaction(Message message, @Nullable Object argument);

  /**
   * Sends a message, and waits for the reply of a consumer (see {@link Message#replyTo}).
   *
   * @param message the message; not delayed, and no reply
   * @param timeout for all of it, 1 ms to 10 min
   * @return the first reply
   * @throws RocketMqException when that fails; the message of a {@link DeadlineExceededException} tells whether the
   *     request was stored; INTERRUPTED as {@link #send(Message)}
   */
  ReceivedMessage request(Message message, Duration timeout);

  /**
   * Sends a message without waiting for the reply. When as many requests wait for their replies as {@link
   * ProducerBuilder#maxInFlight} allows, the call waits for its turn, as that of {@link #sendAsync(Message)} does.
   *
   * @param message the message; not delayed, and no reply
   * @param timeout for all of it, 1 ms to 10 min
   * @return the first reply; ends as the future of {@link #sendAsync(Message)}
   */
  CompletableFuture<ReceivedMessage> requestAsync(Message message, Duration timeout);

  /**
   * Looks the topic up and connects to its brokers, so that the first send need not.
   *
   * @param topic the topic
   * @throws RocketMqException when no broker of it can be reached within the send timeout
   */
  void warmUp(String topic);

  /**
   * Looks the topic up and connects to its brokers, without waiting.
   *
   * @param topic the topic
   * @return the end, or what {@link #warmUp} throws; ends as the future of {@link #sendAsync(Message)}
   */
  CompletableFuture<Void> warmUpAsync(String topic);

  /**
   * Sends what waits for more messages ({@link ProducerBuilder#autoBatch}) at once, and waits until every send that
   * was accepted before has ended, at most the producer's send timeout. How each ended, its own future tells; what is
   * attached to a future on a completionExecutor may still run. Not for the replies of requests.
   *
   * @throws DeadlineExceededException when some have not ended by then: they end by their own timeouts
   * @throws InvalidStateException on a thread of the library, which it would wait for
   */
  void flush();

  /**
   * Waits as {@link #flush()}, at most so long.
   *
   * @param timeout 1 ms to 10 min
   */
  void flush(Duration timeout);

  /**
   * Reads counters and gauges.
   *
   * @return their values now
   * @throws ClientClosedException after {@link #close()}
   */
  ProducerStatistics statistics();

  /**
   * Accepts no more sends, waits for those in flight, for replies and for checks of transactions, at most the
   * builder's close timeout, and ends the rest with {@link ClientClosedException}. On return every send has ended.
   * Idempotent, from any thread. On a thread of the library (in what a future of {@link #sendAsync(Message)} runs),
   * and in a {@link TransactionChecker}, it refuses further sends and returns; the rest happens on the thread {@code
   * rocketmq-close}, for which another call of {@code close} waits.
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
   * Waits until the producer is closed, by another thread: in {@code main}, say, while a shutdown hook closes it.
   *
   * @throws OperationInterruptedException when the thread is interrupted (the interrupt stays set)
   */
  void awaitClose();
}
