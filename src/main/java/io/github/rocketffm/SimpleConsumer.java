package io.github.rocketffm;

import io.github.rocketffm.internal.LibraryThread;
import io.github.rocketffm.internal.NativeError;
import io.github.rocketffm.internal.NativeFailure;
import io.github.rocketffm.internal.NativeSimpleConsumer;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
public final class SimpleConsumer implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(SimpleConsumer.class);
  private static final Cleaner CLEANER = Cleaner.create();

  private final NativeSimpleConsumer consumer;
  private final int closeTimeoutMillis;
  private final int awaitMillis;
  private final Cleaner.Cleanable cleanable;
  private final Forgotten forgotten;

  /** Must not refer to the consumer itself. */
  private static final class Forgotten implements Runnable {
    private final NativeSimpleConsumer consumer;
    private final String group;
    private volatile boolean closed;

    Forgotten(NativeSimpleConsumer consumer, String group) {
      this.consumer = consumer;
      this.group = group;
    }

    @Override
    public void run() {
      if (!closed) {
        LOGGER.warn(
            "a simple consumer of group {} was never closed: it is closed now; use"
                + " try-with-resources",
            group);
        consumer.close(0);
      }
    }
  }

  /** One asynchronous call. Keeps its consumer reachable, so that nobody forgets it meanwhile. */
  private abstract static class Call<T> extends LibraryFuture<T>
      implements NativeSimpleConsumer.Completion {
    private final SimpleConsumer consumer;

    Call(SimpleConsumer consumer) {
      this.consumer = consumer;
    }

    abstract T result(List<ReceivedMessage> messages, String receiptHandle);

    @Override
    public void complete(List<ReceivedMessage> messages, String handle, NativeError error) {
      Reference.reachabilityFence(consumer);
      if (error == null) {
        complete(result(messages, handle));
      } else {
        completeExceptionally(SendFuture.failure(error));
      }
    }

    /** Begins it; a failure to do so is its end. */
    Call<T> begin(OffCarrier.Call call) {
      try {
        call.run();
      } catch (NativeFailure e) {
        completeExceptionally(ClientBuilder.exception(e));
      } catch (RocketMqException e) {
        completeExceptionally(e);
      }
      return this;
    }

    /** Waits for it without holding a virtual thread's carrier. */
    T await(String goesOn) {
      try {
        return get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw RocketMqException.of(
            ErrorKind.INTERRUPTED, "the thread was interrupted while it waited; " + goesOn);
      } catch (ExecutionException e) {
        throw e.getCause() instanceof RocketMqException failure
            ? failure.onThisThread()
            : new IllegalStateException(e.getCause());
      }
    }
  }

  private SimpleConsumer(Builder builder) {
    try {
      consumer = NativeSimpleConsumer.create(builder.client, builder.settings);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
    closeTimeoutMillis = builder.closeTimeoutMillis;
    awaitMillis = builder.awaitMillis;
    try {
      for (Map.Entry<String, FilterExpression> topic : builder.topics.entrySet()) {
        subscribe(topic.getKey(), topic.getValue());
      }
      OffCarrier.run(consumer::start);
    } catch (NativeFailure e) {
      consumer.close(0);
      throw ClientBuilder.exception(e);
    } catch (RuntimeException e) {
      consumer.close(0);
      throw e;
    }
    forgotten = new Forgotten(consumer, builder.settings.group);
    cleanable = CLEANER.register(this, forgotten);
  }

  /**
   * Begins a consumer.
   *
   * @param group the consumer group: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'
   * @return a builder
   */
  public static Builder builder(String group) {
    return new Builder(Objects.requireNonNull(group, "group"));
  }

  /**
   * Adds a topic, or changes its filter, for the receives that begin afterwards. What the tags leave out is
   * acknowledged. A broker is asked whether it takes a condition; where none answers within the request timeout, a
   * receive tells of a refusal.
   *
   * @param topic the topic
   * @param filter which of its messages; the same for all members of the group
   * @throws RocketMqException for a bad topic or filter, and after {@link #close()}; {@link MessageRejectedException}
   *     when a broker refuses the condition, in which case the earlier filter stays
   */
  public void subscribe(String topic, FilterExpression filter) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(filter, "filter");
    call(() -> consumer.subscribe(topic, filter.sql92() ? 1 : 0, filter.expression()));
  }

  /**
   * Gives up a topic. What was received of it can still be acknowledged.
   *
   * @param topic the topic
   * @throws RocketMqException for a bad topic, and after {@link #close()}
   */
  public void unsubscribe(String topic) {
    Objects.requireNonNull(topic, "topic");
    call(() -> consumer.unsubscribe(topic));
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
  public List<ReceivedMessage> receive(int maxMessages, Duration invisibleDuration) {
    ClientBuilder.positive("maxMessages", maxMessages);
    int invisible = ClientBuilder.millis("invisibleDuration", invisibleDuration);
    if (!LibraryThread.isCurrent()) {
      return receiveAsync(maxMessages, invisible)
          .await("what it receives comes again after its invisible duration");
    }
    // The end of an asynchronous one would come on this very thread.
    try {
      return consumer.receive(maxMessages, invisible, awaitMillis);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Receives without waiting. The future ends exactly once, as {@link #receive}, on a native thread that serves all
   * calls: what is attached to it must not block (use the {@code …Async} methods for what does). Cancelling it does
   * not end the receive: what that brings comes again after its invisible duration.
   *
   * @param maxMessages 1 to 1,024
   * @param invisibleDuration how long they are hidden from the group: 1 s to 12 h
   * @return the messages
   */
  public CompletableFuture<List<ReceivedMessage>> receiveAsync(
      int maxMessages, Duration invisibleDuration) {
    ClientBuilder.positive("maxMessages", maxMessages);
    return receiveAsync(maxMessages, ClientBuilder.millis("invisibleDuration", invisibleDuration));
  }

  private Call<List<ReceivedMessage>> receiveAsync(int maxMessages, int invisibleMillis) {
    Call<List<ReceivedMessage>> call =
        new Call<>(this) {
          @Override
          List<ReceivedMessage> result(List<ReceivedMessage> messages, String receiptHandle) {
            return messages;
          }
        };
    return call.begin(() -> consumer.receiveAsync(maxMessages, invisibleMillis, awaitMillis, call));
  }

  /**
   * Acknowledges a message, so that the group is not given it again, and waits for the broker at most the builder's
   * request timeout. A broker takes an acknowledgement after the invisible duration too, and the message comes again
   * all the same. It may be repeated after a failure.
   *
   * @param message a message that a simple consumer of the group received
   * @throws RocketMqException when that fails; {@link InvalidArgumentException} for a message that came otherwise
   */
  public void ack(ReceivedMessage message) {
    String handle = handle(message);
    if (Thread.currentThread().isVirtual()) {
      acknowledge(handle).await("the acknowledgement goes on");
      return;
    }
    call(() -> consumer.acknowledge(handle));
  }

  /**
   * Acknowledges without waiting.
   *
   * @param message a message that a simple consumer of the group received
   * @return its end, as {@link #ack}, on a thread as of {@link #receiveAsync(int, Duration)}
   */
  public CompletableFuture<Void> ackAsync(ReceivedMessage message) {
    return acknowledge(handle(message));
  }

  private Call<Void> acknowledge(String handle) {
    Call<Void> call =
        new Call<>(this) {
          @Override
          Void result(List<ReceivedMessage> messages, String receiptHandle) {
            return null;
          }
        };
    return call.begin(() -> consumer.acknowledgeAsync(handle, call));
  }

  /**
   * Hides a message for so long from now on, longer or shorter than before. After a timeout or a lost connection it
   * may have been done, and the message then can no longer be acknowledged.
   *
   * @param message a message that a simple consumer of the group received
   * @param invisibleDuration 1 s to 12 h
   * @throws RocketMqException when that fails; {@link InvalidArgumentException} for a message that came otherwise
   */
  public void changeInvisibleDuration(ReceivedMessage message, Duration invisibleDuration) {
    String handle = handle(message);
    int invisible = ClientBuilder.millis("invisibleDuration", invisibleDuration);
    if (Thread.currentThread().isVirtual()) {
      change(message, handle, invisible).await("the change goes on");
      return;
    }
    call(
        () ->
            NativeSimpleConsumer.receiptHandle(
                message, consumer.changeInvisibleDuration(handle, invisible)));
  }

  /**
   * Changes the invisible duration without waiting.
   *
   * @param message a message that a simple consumer of the group received
   * @param invisibleDuration 1 s to 12 h
   * @return its end, as {@link #changeInvisibleDuration}, on a thread as of {@link #receiveAsync(int, Duration)}
   */
  public CompletableFuture<Void> changeInvisibleDurationAsync(
      ReceivedMessage message, Duration invisibleDuration) {
    return change(
        message, handle(message), ClientBuilder.millis("invisibleDuration", invisibleDuration));
  }

  private Call<Void> change(ReceivedMessage message, String handle, int invisibleMillis) {
    Call<Void> call =
        new Call<>(this) {
          @Override
          Void result(List<ReceivedMessage> messages, String receiptHandle) {
            NativeSimpleConsumer.receiptHandle(message, receiptHandle);
            return null;
          }
        };
    return call.begin(() -> consumer.changeInvisibleDurationAsync(handle, invisibleMillis, call));
  }

  private static String handle(ReceivedMessage message) {
    String handle = NativeSimpleConsumer.receiptHandle(Objects.requireNonNull(message, "message"));
    if (handle == null) {
      throw RocketMqException.of(
          ErrorKind.INVALID_ARGUMENT,
          message
              + " was not received by a simple consumer: it is acknowledged by what its listener"
              + " returns");
    }
    return handle;
  }

  /**
   * Reads counters and gauges.
   *
   * @return their values now
   * @throws ClientClosedException after {@link #close()}
   */
  public SimpleConsumerStatistics statistics() {
    try {
      long[] v = consumer.statistics();
      return new SimpleConsumerStatistics(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Ends receives under way with {@link ClientClosedException}, waits for acknowledgements, at most the builder's
   * close timeout, and leaves the group. Messages that were received stay valid, but can no longer be acknowledged
   * here. Idempotent, from any thread; on a thread of the library it does not wait.
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
    if (LibraryThread.isCurrent()) {
      // What is waited for ends on this very thread, which therefore does not wait.
      Thread.ofPlatform()
          .daemon()
          .name("rocketmq-close")
          .start(() -> consumer.close(timeoutMillis));
    } else {
      OffCarrier.runUninterrupted(() -> consumer.close(timeoutMillis));
    }
    cleanable.clean();
  }

  /** Builds a simple consumer. */
  public static final class Builder extends ClientBuilder<Builder> {
    private final NativeSimpleConsumer.Settings settings = new NativeSimpleConsumer.Settings();
    private final Map<String, FilterExpression> topics = new LinkedHashMap<>();
    private int awaitMillis = 20_000;

    private Builder(String group) {
      settings.group = group;
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Adds a topic.
     *
     * @param topic the topic
     * @param filter which of its messages
     * @return this
     */
    public Builder subscribe(String topic, FilterExpression filter) {
      topics.put(Objects.requireNonNull(topic, "topic"), Objects.requireNonNull(filter, "filter"));
      return this;
    }

    /**
     * Sets how long a receive waits for its first message.
     *
     * @param duration 0 to 10 min; 20 s by default
     * @return this
     */
    public Builder awaitDuration(Duration duration) {
      Objects.requireNonNull(duration, "duration");
      awaitMillis = duration.isZero() ? -1 : ClientBuilder.millis("awaitDuration", duration);
      return this;
    }

    /**
     * Sets where a group begins in a queue that it has not consumed of. As the brokers understand the last offset, it
     * is the last message that is there, and the first one of a queue that is young.
     *
     * @param from {@link ConsumeFrom#lastOffset()} by default, or {@link ConsumeFrom#firstOffset()}
     * @return this
     * @throws InvalidArgumentException for a timestamp, which brokers do not know here
     */
    public Builder consumeFrom(ConsumeFrom from) {
      Objects.requireNonNull(from, "from");
      if (from.code == 2) {
        throw RocketMqException.of(
            ErrorKind.INVALID_ARGUMENT,
            "consumeFrom is a timestamp, which a simple consumer cannot begin at: use firstOffset() or"
                + " lastOffset(), or a PushConsumer");
      }
      settings.consumeFrom = from.code;
      return this;
    }

    /**
     * Runs what is attached to futures elsewhere than on the threads of the library: the ends that come together are
     * handed over in one task. While the executor refuses, they wait.
     *
     * @param executor the executor; not closed with the consumer
     * @return this
     */
    public Builder completionExecutor(Executor executor) {
      settings.completionExecutor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /**
     * Starts the consumer. Does not wait for any server, save, at most the request timeout, for its word on a
     * condition as a filter.
     *
     * @return the consumer, to be closed
     * @throws MessageRejectedException when a broker refuses a condition
     * @throws RocketMqException for settings out of range; CONFLICT when this group has a live consumer already with
     *     the same settings of {@link ClientBuilder} (give one an {@code instanceName})
     * @throws NativeLibraryException when the native library cannot be loaded
     */
    public SimpleConsumer start() {
      return new SimpleConsumer(this);
    }
  }
}
