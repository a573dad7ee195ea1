package io.github.rocketffm.internal.client;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.BatchMessageListener;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.QueueListener;
import io.github.rocketffm.internal.calls.NativePushConsumer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;

/** Builds a push consumer over the native one. */
final class DefaultPushConsumerBuilder extends SettingsBuilder<PushConsumerBuilder>
    implements PushConsumerBuilder {
  /** ROCKETMQ_NO_REDELIVERY. */
  static final int NO_REDELIVERY = -2;

  private static final int MOST_RECONSUME_TIMES = 1_000_000;

  private final NativePushConsumer.Settings settings = new NativePushConsumer.Settings();
  final Map<String, FilterExpression> topics = new LinkedHashMap<>();
  private MessageListener listener;
  private BatchMessageListener batchListener;
  QueueListener queueListener;
  Executor executor;
  boolean suspended;
  private ConsumeFrom from = ConsumeFrom.lastOffset();
  private AllocationStrategy strategy = AllocationStrategy.averagely();

  DefaultPushConsumerBuilder(String group) {
    settings.group = group;
  }

  @Override
  PushConsumerBuilder self() {
    return this;
  }

  @Override
  public PushConsumerBuilder subscribe(String topic, FilterExpression filter) {
    topics.put(Objects.requireNonNull(topic, "topic"), Objects.requireNonNull(filter, "filter"));
    return this;
  }

  @Override
  public PushConsumerBuilder listener(MessageListener listener) {
    this.listener = Objects.requireNonNull(listener, "listener");
    return this;
  }

  @Override
  public PushConsumerBuilder batchListener(BatchMessageListener listener) {
    batchListener = Objects.requireNonNull(listener, "listener");
    return this;
  }

  @Override
  public PushConsumerBuilder executor(Executor executor) {
    this.executor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  @Override
  public PushConsumerBuilder consumeFrom(ConsumeFrom from) {
    this.from = Objects.requireNonNull(from, "from");
    return this;
  }

  @Override
  public PushConsumerBuilder allocation(AllocationStrategy strategy) {
    this.strategy = Objects.requireNonNull(strategy, "strategy");
    return this;
  }

  @Override
  public PushConsumerBuilder concurrency(int count) {
    settings.maxOutstandingBatches = Arguments.positive("concurrency", count);
    return this;
  }

  @Override
  public PushConsumerBuilder batchSize(int count) {
    settings.maxBatchSize = Arguments.positive("batchSize", count);
    return this;
  }

  @Override
  public PushConsumerBuilder orderly() {
    settings.orderly = true;
    return this;
  }

  @Override
  public PushConsumerBuilder broadcasting() {
    settings.broadcasting = true;
    return this;
  }

  @Override
  public PushConsumerBuilder offsetDirectory(Path directory) {
    settings.offsetDirectory =
        Objects.requireNonNull(directory, "directory").toAbsolutePath().toString();
    return this;
  }

  @Override
  public PushConsumerBuilder suspendQueueTime(Duration time) {
    settings.suspendQueueMillis =
        Arguments.millis(
            "suspendQueueTime", "time", time, Duration.ofMillis(10), Duration.ofSeconds(30));
    return this;
  }

  @Override
  public PushConsumerBuilder queueListener(QueueListener listener) {
    this.queueListener = Objects.requireNonNull(listener, "listener");
    return this;
  }

  @Override
  public PushConsumerBuilder maxReconsumeTimes(int count) {
    if (count < -1 || count > MOST_RECONSUME_TIMES) {
      throw InvalidArgumentException.of(
          "maxReconsumeTimes",
          count,
          "give 1 to 1,000,000, 0 for no further delivery, or -1 for the default");
    }
    settings.maxReconsumeTimes =
        switch (count) {
          case -1 -> 0;
          case 0 -> NO_REDELIVERY;
          default -> count;
        };
    return this;
  }

  @Override
  public PushConsumerBuilder pullBatchSize(int count) {
    settings.pullBatchSize = Arguments.positive("pullBatchSize", count);
    return this;
  }

  @Override
  public PushConsumerBuilder pullInterval(Duration interval) {
    settings.pullIntervalMillis =
        Arguments.millis(
            "pullInterval", "interval", interval, Duration.ofMillis(1), Duration.ofMillis(65_535));
    return this;
  }

  @Override
  public PushConsumerBuilder maxCachedMessagesPerQueue(int count) {
    settings.maxCachedMessagesPerQueue = Arguments.positive("maxCachedMessagesPerQueue", count);
    return this;
  }

  @Override
  public PushConsumerBuilder maxCachedBytesPerQueue(long bytes) {
    settings.maxCachedBytesPerQueue = Arguments.positive("maxCachedBytesPerQueue", bytes);
    return this;
  }

  @Override
  public PushConsumerBuilder maxCachedMessagesPerTopic(int count) {
    settings.maxCachedMessagesPerTopic = Arguments.positive("maxCachedMessagesPerTopic", count);
    return this;
  }

  @Override
  public PushConsumerBuilder maxCachedBytesPerTopic(long bytes) {
    settings.maxCachedBytesPerTopic = Arguments.positive("maxCachedBytesPerTopic", bytes);
    return this;
  }

  @Override
  public PushConsumerBuilder maxOffsetSpanPerQueue(int offsets) {
    settings.maxOffsetSpanPerQueue = Arguments.positive("maxOffsetSpanPerQueue", offsets);
    return this;
  }

  @Override
  public PushConsumerBuilder pullSuspendTimeout(Duration timeout) {
    settings.pullSuspendMillis =
        Arguments.millis(
            "pullSuspendTimeout", "timeout", timeout, Duration.ofMillis(10), Duration.ofMinutes(1));
    return this;
  }

  @Override
  public PushConsumerBuilder startSuspended() {
    suspended = true;
    return this;
  }

  @Override
  public PushConsumerBuilder rebalanceInterval(Duration interval) {
    settings.rebalanceMillis = Arguments.intervalMillis("rebalanceInterval", interval);
    return this;
  }

  @Override
  public PushConsumerBuilder persistOffsetInterval(Duration interval) {
    settings.persistOffsetMillis = Arguments.intervalMillis("persistOffsetInterval", interval);
    return this;
  }

  @Override
  public PushConsumerBuilder consumeTimeout(Duration timeout) {
    settings.consumeTimeoutMillis =
        Arguments.millis(
            "consumeTimeout", "timeout", timeout, Duration.ofSeconds(1), Duration.ofHours(24));
    return this;
  }

  @Override
  public PushConsumer start() {
    if (listener == null && batchListener == null) {
      throw InvalidArgumentException.of("no listener is set: call listener or batchListener");
    }
    if (listener != null && batchListener != null) {
      throw InvalidArgumentException.of(
          "both listener and batchListener are set: call one of them, listener for single messages or"
              + " batchListener for batches");
    }
    return DefaultPushConsumer.start(this);
  }

  /** Of the consumer that is started now: the one that is set. */
  BatchMessageListener runningListener() {
    MessageListener single = listener;
    return single == null ? batchListener : messages -> single.consume(messages.getFirst());
  }

  /** Of the consumer that is started now. */
  NativePushConsumer.Settings settings() {
    NativePushConsumer.Settings copy = settings.copy();
    if (listener != null) {
      copy.maxBatchSize = 1;
    }
    writeFrom(copy);
    writeStrategy(copy);
    return copy;
  }

  private void writeFrom(NativePushConsumer.Settings to) {
    switch (from) {
      case ConsumeFrom.LastOffset ignored -> to.consumeFrom = 0;
      case ConsumeFrom.FirstOffset ignored -> to.consumeFrom = 1;
      case ConsumeFrom.Timestamp timestamp -> {
        to.consumeFrom = 2;
        to.consumeTimestampMillis = timestamp.instant().toEpochMilli();
      }
    }
  }

  private void writeStrategy(NativePushConsumer.Settings to) {
    switch (strategy) {
      case AllocationStrategy.Averagely ignored -> to.allocation = 0;
      case AllocationStrategy.AveragelyByCircle ignored -> to.allocation = 1;
      case AllocationStrategy.ByConfiguration configured -> {
        to.allocation = 2;
        to.allocationQueues = configured.queues();
      }
      case AllocationStrategy.ConsistentHash hash -> {
        to.allocation = 3;
        to.allocationVirtualNodes = hash.virtualNodes();
      }
      case AllocationStrategy.ByMachineRoom rooms -> {
        to.allocation = 4;
        to.allocationMachineRooms = rooms.machineRooms();
      }
    }
  }
}
