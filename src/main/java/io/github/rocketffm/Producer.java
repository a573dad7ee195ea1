package io.github.rocketffm;

import io.github.rocketffm.internal.LibraryThread;
import io.github.rocketffm.internal.NativeFailure;
import io.github.rocketffm.internal.NativeProducer;
import io.github.rocketffm.internal.NativeProducerSettings;
import io.github.rocketffm.internal.OutgoingMessage;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 */
public final class Producer implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Producer.class);
  private static final Cleaner CLEANER = Cleaner.create();

  private final NativeProducer<SendResult> producer;
  private final int closeTimeoutMillis;
  private final int sendTimeoutMillis;

  /** For virtual threads that wait for their turn without holding their carrier; null where nobody waits. */
  final SendTurns turns;

  /** Null for a producer without transactions. */
  private final TransactionChecks checks;

  private final Cleaner.Cleanable cleanable;
  private final Forgotten forgotten;

  /** Must not refer to the producer itself. */
  private static final class Forgotten implements Runnable {
    private final NativeProducer<SendResult> producer;
    private final String group;
    private volatile boolean closed;

    Forgotten(NativeProducer<SendResult> producer, String group) {
      this.producer = producer;
      this.group = group;
    }

    @Override
    public void run() {
      if (!closed) {
        LOGGER.warn(
            "a producer of group {} was never closed: it is closed now; use try-with-resources",
            group);
        producer.close(0);
      }
    }
  }

  private Producer(Builder builder) {
    checks =
        builder.checker == null
            ? null
            : new TransactionChecks(builder.checker, builder.transactionExecutor);
    builder.settings.checks = checks == null ? null : checks::receive;
    try {
      producer = NativeProducer.start(builder.client, builder.settings, SendResult::new);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
    NativeProducerSettings settings = builder.settings;
    closeTimeoutMillis = builder.closeTimeoutMillis;
    sendTimeoutMillis = settings.sendTimeoutMillis == 0 ? 3000 : settings.sendTimeoutMillis;
    int most = settings.maxInFlightCount == 0 ? 1024 : settings.maxInFlightCount;
    turns = settings.blockWhenFull ? new SendTurns(most) : null;
    forgotten = new Forgotten(producer, settings.group);
    cleanable = CLEANER.register(this, forgotten);
  }

  /**
   * Begins a producer.
   *
   * @param group the producer group: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'
   * @return a builder
   */
  public static Builder builder(String group) {
    return new Builder(Objects.requireNonNull(group, "group"));
  }

  /**
   * Sends, and waits for the broker's acknowledgement, at most the producer's send timeout. On a platform thread
   * this is one blocking native call; a virtual thread parks without holding its carrier.
   *
   * @param message the message
   * @return what the broker acknowledged
   * @throws RocketMqException when that fails; INTERRUPTED (the interrupt stays set) when a virtual thread is
   *     interrupted, while the send goes on
   */
  public SendResult send(Message message) {
    return sendWithin(message, 0);
  }

  /**
   * Sends, and waits at most so long.
   *
   * @param message the message
   * @param timeout 1 ms to 10 min
   * @return what the broker acknowledged
   * @throws RocketMqException when that fails
   */
  public SendResult send(Message message, Duration timeout) {
    return sendWithin(message, ClientBuilder.millis("timeout", timeout));
  }

  private SendResult sendWithin(Message message, int timeoutMillis) {
    OutgoingMessage content = Objects.requireNonNull(message, "message").content;
    if (Thread.currentThread().isVirtual()) {
      return sendParked(content, timeoutMillis);
    }
    try {
      return producer.send(content, timeoutMillis);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private SendResult sendParked(OutgoingMessage content, int timeoutMillis) {
    SendFuture future = new SendFuture(this, content.topic);
    // As many as there are threads that wait, as with platform threads.
    return VirtualThreadWait.until(
        future,
        limit(timeoutMillis),
        () -> producer.sendAsync(content, timeoutMillis, true, future));
  }

  /**
   * Sends to a queue of the caller's choice.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread
   * @return what the broker acknowledged
   * @throws RocketMqException when that fails; INVALID_ARGUMENT where the selector chose none of the queues
   */
  public SendResult send(Message message, QueueSelector selector) {
    return send(select(message, selector));
  }

  private Message select(Message message, QueueSelector selector) {
    List<MessageQueue> queues = queues(Objects.requireNonNull(message, "message").topic());
    MessageQueue chosen = Objects.requireNonNull(selector, "selector").select(message, queues);
    if (!queues.contains(chosen)) {
      throw RocketMqException.of(
          ErrorKind.INVALID_ARGUMENT,
          "the selector chose " + chosen + ", which is none of the topic's queues: " + queues);
    }
    return message.to(chosen);
  }

  /**
   * Lists the queues of a topic to send to. Waits for the route where that is not known yet.
   *
   * @param topic the topic
   * @return the queues, sorted by broker name and queue id; of a topic that is created on demand, those that it will
   *     have
   * @throws RocketMqException when the route cannot be had within the send timeout
   */
  public List<MessageQueue> queues(String topic) {
    Objects.requireNonNull(topic, "topic");
    List<MessageQueue> found = new ArrayList<>();
    call(() -> found.addAll(producer.queues(topic)));
    return Collections.unmodifiableList(found);
  }

  /**
   * Sends messages in one request, and waits: all are stored together, or none. They go to one topic and one queue
   * (all name the same one, or have the same sharding key, or none do); none is delayed; all together are at most as
   * large as one message may be ({@link MessageSplitter} cuts what is larger). They are not compressed.
   *
   * @param messages 1 to 32,767
   * @return a result for each, in their order
   * @throws RocketMqException when that fails; INVALID_ARGUMENT names the message by its place
   */
  public List<SendResult> send(Collection<Message> messages) {
    List<OutgoingMessage> batch = contents(messages);
    if (Thread.currentThread().isVirtual()) {
      return VirtualThreadWait.untilEnded(submit(batch, true), sendTimeoutMillis);
    }
    try {
      return producer.sendBatch(batch, 0);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Sends messages in one request, as {@link #send(Collection)}, without waiting. It counts as one send in flight.
   *
   * @param messages 1 to 32,767
   * @return the end, as of {@link #sendAsync(Message)}, with a result for each message
   */
  public CompletableFuture<List<SendResult>> sendAsync(Collection<Message> messages) {
    return submit(contents(messages), false);
  }

  private CompletableFuture<List<SendResult>> submit(
      List<OutgoingMessage> batch, boolean unlimited) {
    BatchFuture future = new BatchFuture(this, batch.isEmpty() ? "" : batch.getFirst().topic);
    try {
      boolean waits = !unlimited && turns != null && Thread.currentThread().isVirtual();
      int left = waits ? turns.await(sendTimeoutMillis) : 0;
      future.holdsTurn = waits;
      producer.sendBatchAsync(batch, left, unlimited || waits, future);
    } catch (NativeFailure e) {
      future.giveTurnBack();
      future.completeExceptionally(ClientBuilder.exception(e));
    } catch (RocketMqException e) {
      future.completeExceptionally(e);
    } catch (Error e) {
      future.giveTurnBack();
      throw e;
    }
    return future;
  }

  private static List<OutgoingMessage> contents(Collection<Message> messages) {
    List<OutgoingMessage> contents = new ArrayList<>(messages.size());
    for (Message message : messages) {
      contents.add(Objects.requireNonNull(message, "a message of the batch").content);
    }
    return contents;
  }

  /**
   * Takes back a timed message that is not delivered yet.
   *
   * @param topic the topic that it was sent to
   * @param recallHandle {@link SendResult#recallHandle()} of its send
   * @throws InvalidArgumentException for what is no handle, or one of another topic
   * @throws MessageRejectedException when it is delivered already, or the broker's {@code recallMessageEnable} is off
   *     (as RocketMQ ships)
   * @throws RocketMqException when the broker cannot be reached within the send timeout
   */
  public void recall(String topic, String recallHandle) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(recallHandle, "recallHandle");
    call(() -> producer.recall(topic, recallHandle, 0));
  }

  /**
   * Sends without waiting. The future ends exactly once: with the result, or with a {@link RocketMqException},
   * also for a message that is refused here ({@link InvalidArgumentException}, {@link TooManyRequestsException}).
   * It ends on a thread of the library that serves this producer, or on the builder's completionExecutor. What is
   * attached to it there must not block, as later ends of this producer wait behind it (use the {@code …Async}
   * methods, or a completionExecutor, for what does); to wait there for another send throws INVALID_STATE.
   *
   * @param message the message
   * @return the send's end
   */
  public CompletableFuture<SendResult> sendAsync(Message message) {
    return submit(message, 0);
  }

  /**
   * Sends without waiting, within a time of its own.
   *
   * @param message the message
   * @param timeout 1 ms to 10 min
   * @return the send's end, as {@link #sendAsync(Message)}
   */
  public CompletableFuture<SendResult> sendAsync(Message message, Duration timeout) {
    return submit(message, ClientBuilder.millis("timeout", timeout));
  }

  /**
   * Sends to a queue of the caller's choice without waiting for the acknowledgement; for the topic's queues it waits
   * where they are not known yet.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread
   * @return the send's end, as {@link #sendAsync(Message)}
   */
  public CompletableFuture<SendResult> sendAsync(Message message, QueueSelector selector) {
    try {
      return sendAsync(select(message, selector));
    } catch (RocketMqException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private CompletableFuture<SendResult> submit(Message message, int timeoutMillis) {
    OutgoingMessage content = Objects.requireNonNull(message, "message").content;
    SendFuture future = new SendFuture(this, content.topic);
    try {
      // A virtual thread has waited here: natively it would hold its carrier.
      boolean waits = turns != null && Thread.currentThread().isVirtual();
      int left = waits ? turns.await(limit(timeoutMillis)) : timeoutMillis;
      future.holdsTurn = waits;
      producer.sendAsync(content, left, waits, future);
    } catch (NativeFailure e) {
      future.giveTurnBack();
      future.completeExceptionally(ClientBuilder.exception(e));
    } catch (RocketMqException e) {
      future.completeExceptionally(e);
    } catch (Error e) {
      future.giveTurnBack();
      throw e;
    }
    return future;
  }

  private int limit(int timeoutMillis) {
    return timeoutMillis == 0 ? sendTimeoutMillis : timeoutMillis;
  }

  /**
   * Sends without an acknowledgement: it returns when the message was handed to the connection, which may still
   * lose it.
   *
   * @param message the message
   * @throws RocketMqException when it could not be handed over
   */
  public void sendOneWay(Message message) {
    OutgoingMessage content = Objects.requireNonNull(message, "message").content;
    call(() -> producer.sendOneWay(content));
  }

  /**
   * Sends to a queue of the caller's choice without an acknowledgement, as {@link #sendOneWay(Message)}.
   *
   * @param message the message; its own queue and sharding key do not count
   * @param selector chooses the queue, on this thread
   * @throws RocketMqException when it could not be handed over
   */
  public void sendOneWay(Message message, QueueSelector selector) {
    sendOneWay(select(message, selector));
  }

  private void call(OffCarrier.Call call) {
    try {
      OffCarrier.run(call);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

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
  public Transaction begin(Message message) {
    SendResult half = sendHalf(message);
    if (half.transaction() == 0) {
      throw RocketMqException.of(
          ErrorKind.REJECTED,
          "the half message "
              + half.messageId()
              + " was stored with the status "
              + half.status()
              + " in place of SEND_OK, and was rolled back: begin again");
    }
    return new Transaction(this, half);
  }

  private SendResult sendHalf(Message message) {
    OutgoingMessage content = Objects.requireNonNull(message, "message").content;
    if (checks == null) {
      throw RocketMqException.of(
          ErrorKind.INVALID_STATE,
          "the producer has no checker for transactions, whom brokers ask where an end was lost: call"
              + " transactionChecker or transactionListener on the builder");
    }
    if (Thread.currentThread().isVirtual()) {
      SendFuture future = new SendFuture(this, content.topic);
      return VirtualThreadWait.until(
          future, sendTimeoutMillis, () -> producer.sendHalfAsync(content, 0, future));
    }
    try {
      return producer.sendHalf(content, 0);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  void endTransaction(long transaction, TransactionState state) {
    call(() -> producer.endTransaction(transaction, state.code()));
  }

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
  public TransactionSendResult sendInTransaction(Message message, Object argument) {
    TransactionListener listener = checks == null ? null : checks.listener();
    if (listener == null) {
      throw RocketMqException.of(
          ErrorKind.INVALID_STATE,
          "the producer has no listener to carry the local transaction out: call transactionListener on"
              + " the builder");
    }
    SendResult half = sendHalf(message);
    if (half.transaction() == 0) {
      return new TransactionSendResult(half, TransactionState.ROLLBACK, Optional.empty());
    }
    return checks.execute(this, message, half, argument);
  }

  /**
   * Sends a message, and waits for the reply of a consumer (see {@link Message#replyTo}).
   *
   * @param message the message; not delayed, and no reply
   * @param timeout for all of it, 1 ms to 10 min
   * @return the first reply
   * @throws RocketMqException when that fails; the message of a {@link SendTimeoutException} tells whether the request
   *     was stored; INTERRUPTED as {@link #send(Message)}
   */
  public ReceivedMessage request(Message message, Duration timeout) {
    OutgoingMessage content = Objects.requireNonNull(message, "message").content;
    int timeoutMillis = ClientBuilder.millis("timeout", timeout);
    if (Thread.currentThread().isVirtual()) {
      RequestFuture future = new RequestFuture(this);
      return VirtualThreadWait.until(
          future,
          timeoutMillis,
          () -> producer.requests().requestAsync(content, timeoutMillis, true, future));
    }
    try {
      return producer.requests().request(content, timeoutMillis);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Sends a message without waiting for the reply.
   *
   * @param message the message; not delayed, and no reply
   * @param timeout for all of it, 1 ms to 10 min
   * @return the first reply; ends as the future of {@link #sendAsync(Message)}
   */
  public CompletableFuture<ReceivedMessage> requestAsync(Message message, Duration timeout) {
    OutgoingMessage content = Objects.requireNonNull(message, "message").content;
    int timeoutMillis = ClientBuilder.millis("timeout", timeout);
    RequestFuture future = new RequestFuture(this);
    try {
      producer.requests().requestAsync(content, timeoutMillis, false, future);
    } catch (NativeFailure e) {
      future.completeExceptionally(ClientBuilder.exception(e));
    }
    return future;
  }

  /**
   * Looks the topic up and connects to its brokers, so that the first send need not.
   *
   * @param topic the topic
   * @throws RocketMqException when no broker of it can be reached within the send timeout
   */
  public void warmUp(String topic) {
    Objects.requireNonNull(topic, "topic");
    call(() -> producer.warmUp(topic));
  }

  /**
   * Reads counters and gauges.
   *
   * @return their values now
   * @throws ClientClosedException after {@link #close()}
   */
  public ProducerStatistics statistics() {
    try {
      long[] v = producer.statistics();
      return new ProducerStatistics(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  /**
   * Accepts no more sends, waits for those in flight, for replies and for checks of transactions, at most the
   * builder's close timeout, and ends the rest with {@link ClientClosedException}. On return every send has ended.
   * Idempotent, from any thread. On a thread of the library (in what a future of {@link #sendAsync(Message)} runs),
   * and in a {@link TransactionChecker}, it refuses further sends and returns; the rest happens on the thread {@code
   * rocketmq-close}, for which another call of {@code close} waits.
   */
  @Override
  public void close() {
    closeWithin(closeTimeoutMillis);
  }

  /**
   * Closes with a timeout of its own.
   *
   * @param timeout 0 to 10 min
   */
  public void close(Duration timeout) {
    closeWithin(ClientBuilder.closeMillis(timeout));
  }

  private void closeWithin(int timeoutMillis) {
    forgotten.closed = true;
    if (LibraryThread.isCurrent() || checks != null && checks.isCurrent()) {
      // The end of what is waited for comes on this very thread, which therefore does not wait.
      producer.refuse();
      Thread.ofPlatform().daemon().name("rocketmq-close").start(() -> closeAndWait(timeoutMillis));
    } else {
      OffCarrier.runUninterrupted(() -> closeAndWait(timeoutMillis));
    }
    cleanable.clean();
  }

  private void closeAndWait(int timeoutMillis) {
    producer.close(timeoutMillis);
    if (checks != null) {
      checks.close();
    }
  }

  /** Builds a producer. */
  public static final class Builder extends ProducerSettings {
    private Builder(String group) {
      super(group);
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Starts the producer. Does not wait for any server.
     *
     * @return the producer, to be closed
     * @throws RocketMqException for settings out of range
     * @throws NativeLibraryException when the native library cannot be loaded
     */
    public Producer start() {
      return new Producer(this);
    }
  }
}
