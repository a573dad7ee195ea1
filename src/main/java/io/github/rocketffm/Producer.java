package io.github.rocketffm;

import io.github.rocketffm.internal.LibraryThread;
import io.github.rocketffm.internal.NativeFailure;
import io.github.rocketffm.internal.NativeProducer;
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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
  private static final long GRACE_MILLIS = 5000;

  private final NativeProducer<SendResult> producer;
  private final int closeTimeoutMillis;
  private final int sendTimeoutMillis;

  /** For virtual threads that wait for their turn without holding their carrier; null where nobody waits. */
  final Semaphore turns;

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
    NativeProducer.Settings settings = builder.settings;
    closeTimeoutMillis = builder.closeTimeoutMillis;
    sendTimeoutMillis = settings.sendTimeoutMillis == 0 ? 3000 : settings.sendTimeoutMillis;
    int most = settings.maxInFlightCount == 0 ? 1024 : settings.maxInFlightCount;
    turns = settings.blockWhenFull ? new Semaphore(most) : null;
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
    return parked(
        future,
        limit(timeoutMillis),
        () -> producer.sendAsync(content, timeoutMillis, true, future));
  }

  /** Begins something, and parks a virtual thread until its end. */
  private static <T> T parked(
      CompletableFuture<T> future, int timeoutMillis, OffCarrier.Call begin) {
    try {
      begin.run();
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
    return await(future, timeoutMillis);
  }

  /** On a virtual thread, which parks; a little longer than the call may take, should its end not be told. */
  private static <R> R await(CompletableFuture<R> future, int timeoutMillis) {
    try {
      return future.get(timeoutMillis + GRACE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw RocketMqException.of(
          RocketMqException.Details.maybeStored(
              ErrorKind.TIMEOUT,
              "the end was not told within "
                  + timeoutMillis
                  + " ms and a grace of "
                  + GRACE_MILLIS
                  + " ms: what is attached to another future of this producer blocks; give it"
                  + " completionExecutor"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RocketMqException.of(
          ErrorKind.INTERRUPTED, "the thread was interrupted while it waited; the send goes on");
    } catch (ExecutionException e) {
      throw ((RocketMqException) e.getCause()).onThisThread();
    }
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
      return await(submit(batch, true), sendTimeoutMillis);
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
      int left = waits ? awaitTurn(0) : 0;
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
      int left = waits ? awaitTurn(timeoutMillis) : timeoutMillis;
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

  /** Parks until there is room for another send; returns what is left of its time. */
  private int awaitTurn(int timeoutMillis) {
    int limit = limit(timeoutMillis);
    long begin = System.nanoTime();
    try {
      if (!turns.tryAcquire(limit, TimeUnit.MILLISECONDS)) {
        throw RocketMqException.of(
            ErrorKind.TOO_MANY_REQUESTS,
            "no room for another send came within "
                + limit
                + " ms: wait for completions, or raise maxInFlight");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RocketMqException.of(
          ErrorKind.INTERRUPTED,
          "the thread was interrupted while it waited for its turn; nothing was sent");
    }
    long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    return (int) Math.max(1, limit - waited);
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
      return parked(future, sendTimeoutMillis, () -> producer.sendHalfAsync(content, 0, future));
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
      return parked(
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
  public static final class Builder extends ClientBuilder<Builder> {
    private final NativeProducer.Settings settings = new NativeProducer.Settings();
    private TransactionChecker checker;
    private Executor transactionExecutor;

    private Builder(String group) {
      settings.group = group;
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Limits a send with all its attempts.
     *
     * @param timeout 1 ms to 10 min; 3 s by default
     * @return this
     */
    public Builder sendTimeout(Duration timeout) {
      settings.sendTimeoutMillis = millis("sendTimeout", timeout);
      return this;
    }

    /**
     * Limits one attempt, so that a slow broker does not eat the time of the next one: it may then store the message
     * all the same.
     *
     * @param timeout 1 ms to 10 min; by default all that is left of the send's time
     * @return this
     */
    public Builder attemptTimeout(Duration timeout) {
      settings.attemptTimeoutMillis = millis("attemptTimeout", timeout);
      return this;
    }

    /**
     * Limits the attempts of a send.
     *
     * @param count 1 to 16, the first one included; 3 by default
     * @return this
     */
    public Builder maxAttempts(int count) {
      settings.maxAttempts = positive("maxAttempts", count);
      return this;
    }

    /**
     * Compresses bodies of at least so many bytes.
     *
     * @param bytes 1 and up; -1: never; 4,096 by default
     * @return this
     */
    public Builder compressThreshold(int bytes) {
      settings.compressThresholdBytes = bytes == -1 ? -1 : positive("compressThreshold", bytes);
      return this;
    }

    /**
     * Sets how bodies are compressed.
     *
     * @param compression {@link Compression#ZLIB} by default
     * @return this
     */
    public Builder compression(Compression compression) {
      settings.compression = Objects.requireNonNull(compression, "compression").ordinal();
      return this;
    }

    /**
     * Sets the level of the compression.
     *
     * @param level 1 to 9 for zlib, to 12 for LZ4, to 22 for Zstandard; 5 by default
     * @return this
     */
    public Builder compressLevel(int level) {
      settings.compressLevel = positive("compressLevel", level);
      return this;
    }

    /**
     * Puts single sends together that come within the linger time: those for the same topic (and queue, or sharding
     * key, where they name one) with the same timeout go in one request. Each still has a result of its own. Delayed
     * messages, and those that are larger than a batch, go by themselves; batches are not compressed.
     *
     * @param linger how long a batch waits for more, at most half of its sends' timeout: 1 ms to 1 min
     * @return this
     */
    public Builder autoBatch(Duration linger) {
      settings.autoBatchLingerMillis = millis("autoBatch", linger);
      return this;
    }

    /**
     * Limits the batches of {@link #autoBatch}: one that is full goes at once.
     *
     * @param bytes 1 to the largest message; 32,768 by default
     * @param count 1 to 32,767 messages; 1,000 by default
     * @return this
     */
    public Builder autoBatchLimits(int bytes, int count) {
      settings.autoBatchMaxBytes = positive("bytes", bytes);
      settings.autoBatchMaxCount = positive("count", count);
      return this;
    }

    /**
     * Avoids brokers that answer slowly for a while, where there are others: 2 s after 550 ms, 5 s after 1.8 s, 6 s
     * after 3 s, 10 s after 5 s, 30 s after 15 s. Brokers that fail are always avoided, for 1 s, 2 s and so on up to
     * 30 s.
     *
     * @param avoid false by default
     * @return this
     */
    public Builder avoidSlowBrokers(boolean avoid) {
      settings.avoidSlowBrokers = avoid;
      return this;
    }

    /**
     * Asks brokers that are avoided whether they answer again, and then uses them at once.
     *
     * @param interval how often: 1 ms to 1 h; never by default
     * @param timeout how soon they must answer: 1 ms to 10 min
     * @return this
     */
    public Builder detectBrokers(Duration interval, Duration timeout) {
      settings.detectIntervalMillis = millis("interval", interval);
      settings.detectTimeoutMillis = millis("timeout", timeout);
      return this;
    }

    /**
     * Limits the body; the broker has a limit of its own.
     *
     * @param bytes 1 to 16,711,680; 4,194,304 by default
     * @return this
     */
    public Builder maxMessageSize(int bytes) {
      settings.maxMessageBytes = positive("maxMessageSize", bytes);
      return this;
    }

    /**
     * Limits the asynchronous sends in flight.
     *
     * @param count 1 to 1,000,000; 1,024 by default
     * @return this
     */
    public Builder maxInFlight(int count) {
      settings.maxInFlightCount = positive("maxInFlight", count);
      return this;
    }

    /**
     * Limits the bytes of the bodies of asynchronous sends in flight.
     *
     * @param bytes 1 and up; 104,857,600 by default
     * @return this
     */
    public Builder maxInFlightBytes(long bytes) {
      settings.maxInFlightBytes = positive("maxInFlightBytes", bytes);
      return this;
    }

    /**
     * Sets how many queues a topic gets that the broker creates on demand.
     *
     * @param count 1 to 1,024; 4 by default
     * @return this
     */
    public Builder defaultTopicQueues(int count) {
      settings.defaultTopicQueues = positive("defaultTopicQueues", count);
      return this;
    }

    /**
     * Sends again to another broker where the status is not {@link SendStatus#SEND_OK}; makes duplicates.
     *
     * @param retry false by default
     * @return this
     */
    public Builder retryAnotherBrokerWhenNotStoreOk(boolean retry) {
      settings.retryNotStoreOk = retry;
      return this;
    }

    /**
     * Tries sends that name their queue (by a selector or a sharding key) again on that queue, too, where the message
     * may be stored already, or the broker refused it: that may make copies, which may overtake later messages of the
     * queue. Otherwise only what was not sent at all is tried again.
     *
     * @param retry false by default
     * @return this
     */
    public Builder retrySameQueue(boolean retry) {
      settings.retrySameQueue = retry;
      return this;
    }

    /**
     * Sets the broker's response codes after which a send is tried again, the asynchronous ones too.
     *
     * @param codes at most 64; by default 1, 2, 14, 16, 17, 204 and 205 for synchronous sends, and none for
     * asynchronous ones
     * @return this
     */
    public Builder retryResponseCodes(int... codes) {
      settings.retryResponseCodes = codes.clone();
      return this;
    }

    /**
     * Lets {@code sendAsync} wait for its turn at the limits in place of {@link TooManyRequestsException}. It then
     * blocks the calling thread, at most the send timeout; virtual threads park, and share a limit of their own of as
     * many sends in flight.
     *
     * @param block false by default
     * @return this
     */
    public Builder blockWhenFull(boolean block) {
      settings.blockWhenFull = block;
      return this;
    }

    /**
     * Runs what is attached to the futures of sends and requests elsewhere than on the threads of the library: the
     * ends that come together are handed over in one task. While the executor refuses, they wait.
     *
     * @param executor the executor; not closed with the producer
     * @return this
     */
    public Builder completionExecutor(Executor executor) {
      settings.completionExecutor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /**
     * Makes {@link Producer#sendInTransaction} and {@link Producer#begin} possible.
     *
     * @param listener carries local transactions out, and tells what became of them
     * @return this
     */
    public Builder transactionListener(TransactionListener listener) {
      this.checker = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Makes {@link Producer#begin} possible.
     *
     * @param checker tells what became of transactions
     * @return this
     */
    public Builder transactionChecker(TransactionChecker checker) {
      this.checker = Objects.requireNonNull(checker, "checker");
      return this;
    }

    /**
     * Runs the checker elsewhere than on virtual threads of its own.
     *
     * @param executor the executor; not closed with the producer
     * @return this
     */
    public Builder transactionExecutor(Executor executor) {
      this.transactionExecutor = Objects.requireNonNull(executor, "executor");
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
