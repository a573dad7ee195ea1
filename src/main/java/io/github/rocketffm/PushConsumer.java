package io.github.rocketffm;

import io.github.rocketffm.internal.LibraryThread;
import io.github.rocketffm.internal.NativeFailure;
import io.github.rocketffm.internal.NativePushConsumer;
import io.github.rocketffm.internal.VirtualThreads;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;

/**
 * A member of a consumer group: shares the topics' queues with the group's other members and gives their messages
 * to a listener, several at a time, on virtual threads unless it is given an executor. Each message is delivered
 * at least once: again after a failure, and after a change of the group or a crash.
 *
 * <p>An {@link Builder#orderly() orderly} consumer gives out the messages of a queue one after the other, so that
 * those with the same sharding key are consumed in the order in which they were sent. A {@link Builder#broadcasting()
 * broadcasting} one gets all messages, whatever the group's other members get.
 *
 * <p>A running consumer is not collected as garbage: one that is forgotten goes on consuming. It does not keep the
 * virtual machine from ending: all its threads are daemons.
 */
public final class PushConsumer implements AutoCloseable {
  private final NativePushConsumer consumer;
  private final ListenerRunner runner;
  private final ExecutorService ownExecutor;
  private final int closeTimeoutMillis;

  private PushConsumer(Builder builder) {
    ownExecutor = builder.executor == null ? VirtualThreads.newExecutor() : null;
    runner =
        new ListenerRunner(
            builder.listener,
            builder.executor == null ? ownExecutor : builder.executor,
            builder.settings.orderly);
    closeTimeoutMillis = builder.closeTimeoutMillis;
    try {
      consumer =
          NativePushConsumer.create(
              builder.client, builder.settings, runner::receive, builder.queueListener);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
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
   * Adds a topic, or changes its filter for what is pulled from then on. A broker is asked whether it takes a
   * condition; where none answers within the request timeout, a later refusal is logged.
   *
   * @param topic the topic
   * @param filter which of its messages; the same for all members of the group
   * @throws RocketMqException for a bad topic or filter, and after {@link #close()}; {@link MessageRejectedException}
   *     when a broker refuses the condition, in which case the earlier filter stays
   */
  public void subscribe(String topic, FilterExpression filter) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(filter, "filter");
    try {
      OffCarrier.run(() -> consumer.subscribe(topic, filter.sql92() ? 1 : 0, filter.expression()));
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  /**
   * Gives up a topic.
   *
   * @param topic the topic
   * @throws RocketMqException for a bad topic, and after {@link #close()}
   */
  public void unsubscribe(String topic) {
    try {
      consumer.unsubscribe(Objects.requireNonNull(topic, "topic"));
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  /**
   * Stops giving messages to the listener, until {@link #resume()}.
   *
   * @throws RocketMqException after {@link #close()}
   */
  public void suspend() {
    try {
      consumer.suspend();
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  /**
   * Goes on after {@link #suspend()}.
   *
   * @throws RocketMqException after {@link #close()}
   */
  public void resume() {
    try {
      consumer.resume();
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
  public PushConsumerStatistics statistics() {
    try {
      long[] v = consumer.statistics();
      return new PushConsumerStatistics(
          v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13]);
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
  }

  /**
   * Takes no more messages, waits for listeners that run, at most the builder's close timeout, persists offsets
   * and leaves the group. Messages whose listener has not ended by then are delivered again to the group.
   * Idempotent, from any thread; called by the consumer's own listener, or on a thread of the library, it does not
   * wait.
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
    if (runner.isCurrent() || LibraryThread.isCurrent()) {
      // What is waited for ends on this very thread, which therefore does not wait.
      Thread.ofPlatform().daemon().name("rocketmq-close").start(() -> closeAndWait(timeoutMillis));
      return;
    }
    OffCarrier.runUninterrupted(() -> closeAndWait(timeoutMillis));
  }

  private void closeAndWait(int timeoutMillis) {
    consumer.close(timeoutMillis);
    if (ownExecutor != null) {
      ownExecutor.shutdown();
    }
  }

  /** Builds a push consumer. */
  public static final class Builder extends ClientBuilder<Builder> {
    /** ROCKETMQ_NO_REDELIVERY. */
    private static final int NO_REDELIVERY = -2;

    private final NativePushConsumer.Settings settings = new NativePushConsumer.Settings();
    private final Map<String, FilterExpression> topics = new LinkedHashMap<>();
    private BatchMessageListener listener;
    private QueueListener queueListener;
    private boolean single;
    private Executor executor;

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
     * Sets the listener for single messages; this or a batch listener is required.
     *
     * @param listener the listener
     * @return this
     */
    public Builder listener(MessageListener listener) {
      Objects.requireNonNull(listener, "listener");
      single = true;
      this.listener = messages -> listener.consume(messages.getFirst());
      return this;
    }

    /**
     * Sets the listener for batches.
     *
     * @param listener the listener
     * @return this
     */
    public Builder batchListener(BatchMessageListener listener) {
      single = false;
      this.listener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Runs the listener elsewhere than on virtual threads of its own.
     *
     * @param executor the executor; not closed with the consumer
     * @return this
     */
    public Builder executor(Executor executor) {
      this.executor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /**
     * Sets where a group without a stored offset starts.
     *
     * @param from the place; {@link ConsumeFrom#lastOffset()} by default
     * @return this
     */
    public Builder consumeFrom(ConsumeFrom from) {
      Objects.requireNonNull(from, "from");
      settings.consumeFrom = from.code;
      settings.consumeTimestampMillis = from.timestampMillis;
      return this;
    }

    /**
     * Sets how the members of the group share out queues: the same for all of them.
     *
     * @param strategy the strategy; {@link AllocationStrategy#averagely()} by default
     * @return this
     */
    public Builder allocation(AllocationStrategy strategy) {
      Objects.requireNonNull(strategy, "strategy");
      settings.allocation = strategy.code;
      settings.allocationVirtualNodes = strategy.virtualNodes;
      settings.allocationQueues = strategy.queues;
      settings.allocationMachineRooms = strategy.machineRooms;
      return this;
    }

    /**
     * Limits the batches that the listener has at a time.
     *
     * @param count 1 to 100,000; 20 by default
     * @return this
     */
    public Builder concurrency(int count) {
      settings.maxOutstandingBatches = positive("concurrency", count);
      return this;
    }

    /**
     * Limits the messages of a batch, for a batch listener; a {@link MessageListener} gets one at a time.
     *
     * @param count 1 to 1,024; 1 by default
     * @return this
     */
    public Builder batchSize(int count) {
      settings.maxBatchSize = positive("batchSize", count);
      return this;
    }

    /**
     * Gives out the messages of each queue in their order: one batch of a queue at a time, to one member of the group
     * only. What fails comes again in place, after the queue has rested, and what is behind it waits. All members of a
     * group must be orderly, or none.
     *
     * @return this
     */
    public Builder orderly() {
      settings.orderly = true;
      return this;
    }

    /**
     * Gives every message to every member of the group. What fails is logged and passed over, and each member keeps
     * its offsets in a file of its own: see {@link #offsetDirectory}. All members of a group must be broadcasting, or
     * none.
     *
     * @return this
     */
    public Builder broadcasting() {
      settings.broadcasting = true;
      return this;
    }

    /**
     * Sets the folder for the offsets of a broadcasting consumer, made where it is missing. The file is {@code
     * <directory>/<instance name>/<group>/offsets.json}; without an {@link #instanceName} the host's name is in its
     * place, so give one where the host's name changes from start to start, or where two members of the group share a
     * host. A damaged file is replaced by its backup.
     *
     * @param directory the folder; {@code .rocketmq_offsets} in the user's home by default
     * @return this
     */
    public Builder offsetDirectory(Path directory) {
      settings.offsetDirectory = directory.toAbsolutePath().toString();
      return this;
    }

    /**
     * Sets how long a queue of an orderly consumer rests after a failure; see also {@link ConsumeResult#suspend}.
     *
     * @param time 10 ms to 30 s; 1 s by default
     * @return this
     */
    public Builder suspendQueueTime(Duration time) {
      settings.suspendQueueMillis = millis("suspendQueueTime", time);
      return this;
    }

    /**
     * Learns which queues the consumer has.
     *
     * @param listener the listener; none by default
     * @return this
     */
    public Builder queueListener(QueueListener listener) {
      this.queueListener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Limits how often a message is delivered again before it goes to the dead-letter queue.
     *
     * @param count 1 and up; 0: never delivered again; -1 (the default): 16, without limit for an orderly consumer
     * @return this
     */
    public Builder maxReconsumeTimes(int count) {
      settings.maxReconsumeTimes =
          switch (count) {
            case -1 -> 0;
            case 0 -> NO_REDELIVERY;
            default -> positive("maxReconsumeTimes", count);
          };
      return this;
    }

    /**
     * Sets how many messages one pull asks for.
     *
     * @param count 1 to 1,024; 32 by default
     * @return this
     */
    public Builder pullBatchSize(int count) {
      settings.pullBatchSize = positive("pullBatchSize", count);
      return this;
    }

    /**
     * Sets the least time between two pulls of one queue.
     *
     * @param interval 1 ms to 65,535 ms; none by default
     * @return this
     */
    public Builder pullInterval(Duration interval) {
      settings.pullIntervalMillis = millis("pullInterval", interval);
      return this;
    }

    /**
     * Limits the messages held of one queue.
     *
     * @param count 1 to 65,535; 1,000 by default
     * @return this
     */
    public Builder maxCachedMessagesPerQueue(int count) {
      settings.maxCachedMessagesPerQueue = positive("maxCachedMessagesPerQueue", count);
      return this;
    }

    /**
     * Limits the bytes of bodies held of one queue.
     *
     * @param bytes 1 and up; 104,857,600 by default
     * @return this
     */
    public Builder maxCachedBytesPerQueue(long bytes) {
      settings.maxCachedBytesPerQueue = positive("maxCachedBytesPerQueue", bytes);
      return this;
    }

    /**
     * Sets how often the queues are shared out anew without a notice of the broker.
     *
     * @param interval 10 ms to 1 h; 20 s by default
     * @return this
     */
    public Builder rebalanceInterval(Duration interval) {
      settings.rebalanceMillis = millis("rebalanceInterval", interval);
      return this;
    }

    /**
     * Sets how often offsets are persisted.
     *
     * @param interval 10 ms to 1 h; 5 s by default
     * @return this
     */
    public Builder persistOffsetInterval(Duration interval) {
      settings.persistOffsetMillis = millis("persistOffsetInterval", interval);
      return this;
    }

    /**
     * Limits the time of a listener: afterwards its batch is delivered again. The queue of an orderly consumer waits
     * for it instead, as two deliveries at once would break the order, but may then go to another member of the group.
     *
     * @param timeout 1 s to 24 h; 15 min by default
     * @return this
     */
    public Builder consumeTimeout(Duration timeout) {
      settings.consumeTimeoutMillis = millis("consumeTimeout", timeout);
      return this;
    }

    /**
     * Starts the consumer. Does not wait for any server, save, at most the request timeout, for its word on a
     * condition as a filter.
     *
     * @return the consumer, to be closed
     * @throws MessageRejectedException when a broker refuses a condition
     * @throws RocketMqException for settings out of range, and an {@link #offsetDirectory} that cannot be used;
     * CONFLICT
     *     when this group has a live consumer already with the same settings of {@link ClientBuilder}, or with the
     * same
     *     file of offsets (give one an {@code instanceName})
     * @throws NativeLibraryException when the native library cannot be loaded
     */
    public PushConsumer start() {
      if (listener == null) {
        throw RocketMqException.of(
            ErrorKind.INVALID_ARGUMENT, "no listener is set: call listener or batchListener");
      }
      if (single) {
        settings.maxBatchSize = 1;
      }
      return new PushConsumer(this);
    }
  }
}
