package io.github.rocketffm;

import io.github.rocketffm.internal.NativeFailure;
import io.github.rocketffm.internal.NativeProducer;
import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
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
 * <p>A failed attempt is repeated, on another broker where there is one, within the send's timeout. After
 * {@link SendTimeoutException} and {@link ConnectionLostException} the message may have been stored.
 */
public final class Producer implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Producer.class);
  private static final Cleaner CLEANER = Cleaner.create();
  private static final SendStatus[] STATUSES = SendStatus.values();

  private final NativeProducer producer;
  private final int closeTimeoutMillis;
  private final long sendTimeoutNanos;
  private final Cleaner.Cleanable cleanable;
  private final Forgotten forgotten;

  /** Must not refer to the producer itself. */
  private static final class Forgotten implements Runnable {
    private final NativeProducer producer;
    private final String group;
    private volatile boolean closed;

    Forgotten(NativeProducer producer, String group) {
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
    try {
      producer = NativeProducer.start(builder.client, builder.settings);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
    closeTimeoutMillis = builder.closeTimeoutMillis;
    int sendTimeout = builder.settings.sendTimeoutMillis;
    sendTimeoutNanos = Duration.ofMillis(sendTimeout == 0 ? 3000 : sendTimeout).toNanos();
    forgotten = new Forgotten(producer, builder.settings.group);
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
    NativeProducer.Outgoing outgoing = outgoing(message);
    if (Thread.currentThread().isVirtual()) {
      return sendParked(message.topic, outgoing, timeoutMillis);
    }
    try {
      return result(message.topic, producer.send(outgoing, timeoutMillis));
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  private SendResult sendParked(String topic, NativeProducer.Outgoing outgoing, int timeoutMillis) {
    long nanos = timeoutMillis == 0 ? sendTimeoutNanos : Duration.ofMillis(timeoutMillis).toNanos();
    long deadline = System.nanoTime() + nanos;
    for (; ; ) {
      try {
        return submit(topic, outgoing, timeoutMillis).get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw RocketMqException.of(
            ErrorKind.INTERRUPTED, "the thread was interrupted while it waited; the send goes on");
      } catch (ExecutionException e) {
        // A synchronous send waits for its turn.
        if (!(e.getCause() instanceof TooManyRequestsException) || System.nanoTime() >= deadline) {
          throw (RocketMqException) e.getCause();
        }
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  /**
   * Sends without waiting. The future ends exactly once: with the result, or with a {@link RocketMqException},
   * also for a message that is refused here ({@link InvalidArgumentException}, {@link TooManyRequestsException}).
   * It ends on a native thread that serves all sends: what is attached to it must not block (use the
   * {@code …Async} methods for what does).
   *
   * @param message the message
   * @return the send's end
   */
  public CompletableFuture<SendResult> sendAsync(Message message) {
    return submit(message.topic, outgoing(message), 0);
  }

  /**
   * Sends without waiting, within a time of its own.
   *
   * @param message the message
   * @param timeout 1 ms to 10 min
   * @return the send's end, as {@link #sendAsync(Message)}
   */
  public CompletableFuture<SendResult> sendAsync(Message message, Duration timeout) {
    return submit(message.topic, outgoing(message), ClientBuilder.millis("timeout", timeout));
  }

  private CompletableFuture<SendResult> submit(
      String topic, NativeProducer.Outgoing outgoing, int timeoutMillis) {
    CompletableFuture<SendResult> future = new CompletableFuture<>();
    try {
      producer.sendAsync(
          outgoing,
          timeoutMillis,
          (result, error) -> {
            if (error == null) {
              future.complete(result(topic, result));
            } else {
              future.completeExceptionally(ClientBuilder.exception(error));
            }
          });
    } catch (NativeFailure e) {
      future.completeExceptionally(ClientBuilder.exception(e));
    }
    return future;
  }

  /**
   * Sends without an acknowledgement: it returns when the message was handed to the connection, which may still
   * lose it.
   *
   * @param message the message
   * @throws RocketMqException when it could not be handed over
   */
  public void sendOneWay(Message message) {
    try {
      producer.sendOneWay(outgoing(message), 0);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  /**
   * Looks the topic up and connects to its brokers, so that the first send need not.
   *
   * @param topic the topic
   * @throws RocketMqException when no broker of it can be reached within the send timeout
   */
  public void warmUp(String topic) {
    try {
      producer.warmUp(Objects.requireNonNull(topic, "topic"));
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
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
      return new ProducerStatistics(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  /**
   * Accepts no more sends, waits for those in flight, at most the builder's close timeout, and ends the rest with
   * {@link ClientClosedException}. On return every send has ended. Idempotent, from any thread; in what a future
   * of {@link #sendAsync(Message)} runs it does not wait.
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
    OffCarrier.run("rocketmq-close", () -> producer.close(timeoutMillis));
    cleanable.clean();
  }

  private static SendResult result(String topic, NativeProducer.NativeResult result) {
    return new SendResult(
        STATUSES[result.status()],
        result.messageId(),
        result.offsetMessageId(),
        new MessageQueue(topic, result.brokerName(), result.queueId()),
        result.queueOffset(),
        result.attempts());
  }

  private static NativeProducer.Outgoing outgoing(Message message) {
    NativeProducer.Outgoing out = new NativeProducer.Outgoing();
    out.topic = Utf8.bytes(message.topic);
    out.tag = Utf8.bytes(message.tag);
    out.keys = Utf8.bytes(message.keys);
    out.shardingKey = Utf8.bytes(message.shardingKey);
    out.brokerName = Utf8.bytes(message.brokerName);
    out.body = message.body;
    out.properties = new byte[2 * message.properties.size()][];
    int i = 0;
    for (Map.Entry<String, String> property : message.properties.entrySet()) {
      out.properties[i++] = Utf8.bytes(property.getKey());
      out.properties[i++] = Utf8.bytes(property.getValue());
    }
    out.flag = message.flag;
    out.delayLevel = message.delayLevel;
    out.queueId = message.queueId;
    out.deliverAtMillis = message.deliverAtMillis;
    return out;
  }

  /** Builds a producer. */
  public static final class Builder extends ClientBuilder<Builder> {
    private final NativeProducer.Settings settings = new NativeProducer.Settings();

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
     * Limits one attempt, so that a silent broker does not eat the time of the next one.
     *
     * @param timeout 1 ms to 10 min; by default a share of what is left of the send's time
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
     * Sets zlib's level.
     *
     * @param level 1 to 9; 5 by default
     * @return this
     */
    public Builder compressLevel(int level) {
      settings.compressLevel = positive("compressLevel", level);
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
     * Lets {@code sendAsync} wait for its turn at the limits in place of {@link TooManyRequestsException}. It then
     * blocks the calling thread, at most the send timeout.
     *
     * @param block false by default
     * @return this
     */
    public Builder blockWhenFull(boolean block) {
      settings.blockWhenFull = block;
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
