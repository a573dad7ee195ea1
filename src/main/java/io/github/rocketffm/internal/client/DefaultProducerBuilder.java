package io.github.rocketffm.internal.client;

import io.github.rocketffm.Compression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.TransactionChecker;
import io.github.rocketffm.TransactionListener;
import io.github.rocketffm.internal.calls.ClientSettings;
import io.github.rocketffm.internal.calls.NativeProducerSettings;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;

/** Builds a producer over the native one. */
final class DefaultProducerBuilder extends SettingsBuilder<ProducerBuilder>
    implements ProducerBuilder {
  /** As a threshold of the library. */
  private static final int NEVER = -1;

  private final NativeProducerSettings settings = new NativeProducerSettings();
  private TransactionChecker checker;
  private Executor transactionExecutor;

  DefaultProducerBuilder(String group) {
    settings.group = group;
    settings.blockWhenFull = true;
  }

  @Override
  ProducerBuilder self() {
    return this;
  }

  @Override
  public ProducerBuilder sendTimeout(Duration timeout) {
    settings.sendTimeoutMillis = Arguments.timeoutMillis("sendTimeout", timeout);
    return this;
  }

  @Override
  public ProducerBuilder attemptTimeout(Duration timeout) {
    settings.attemptTimeoutMillis = Arguments.timeoutMillis("attemptTimeout", timeout);
    return this;
  }

  @Override
  public ProducerBuilder maxAttempts(int count) {
    settings.maxAttempts = Arguments.positive("maxAttempts", count);
    return this;
  }

  @Override
  public ProducerBuilder compressThreshold(int bytes) {
    if (bytes < 1) {
      throw InvalidArgumentException.of(
          "compressThreshold", bytes, "give 1 or more, or call neverCompress()");
    }
    settings.compressThresholdBytes = bytes;
    return this;
  }

  @Override
  public ProducerBuilder neverCompress() {
    settings.compressThresholdBytes = NEVER;
    return this;
  }

  @Override
  public ProducerBuilder compression(Compression compression) {
    settings.compression = Objects.requireNonNull(compression, "compression").ordinal();
    return this;
  }

  @Override
  public ProducerBuilder compressLevel(int level) {
    settings.compressLevel = Arguments.positive("compressLevel", level);
    return this;
  }

  @Override
  public ProducerBuilder autoBatch(Duration linger) {
    settings.autoBatchLingerMillis =
        Arguments.millis(
            "autoBatch", "linger", linger, Duration.ofMillis(1), Duration.ofMinutes(1));
    return this;
  }

  @Override
  public ProducerBuilder autoBatchLimits(int bytes, int count) {
    settings.autoBatchMaxBytes = Arguments.positive("bytes", bytes);
    settings.autoBatchMaxCount = Arguments.positive("count", count);
    return this;
  }

  @Override
  public ProducerBuilder avoidSlowBrokers(boolean avoid) {
    settings.avoidSlowBrokers = avoid;
    return this;
  }

  @Override
  public ProducerBuilder detectBrokers(Duration interval, Duration timeout) {
    settings.detectIntervalMillis =
        Arguments.millis(
            "interval", "interval", interval, Duration.ofMillis(1), Duration.ofHours(1));
    settings.detectTimeoutMillis = Arguments.timeoutMillis("timeout", timeout);
    return this;
  }

  @Override
  public ProducerBuilder maxMessageSize(int bytes) {
    settings.maxMessageBytes = Arguments.positive("maxMessageSize", bytes);
    return this;
  }

  @Override
  public ProducerBuilder maxInFlight(int count) {
    settings.maxInFlightCount = Arguments.positive("maxInFlight", count);
    return this;
  }

  @Override
  public ProducerBuilder maxInFlightBytes(long bytes) {
    settings.maxInFlightBytes = Arguments.positive("maxInFlightBytes", bytes);
    return this;
  }

  @Override
  public ProducerBuilder defaultTopicQueues(int count) {
    settings.defaultTopicQueues = Arguments.positive("defaultTopicQueues", count);
    return this;
  }

  @Override
  public ProducerBuilder retryAnotherBrokerWhenNotStoreOk(boolean retry) {
    settings.retryNotStoreOk = retry;
    return this;
  }

  @Override
  public ProducerBuilder retrySameQueue(boolean retry) {
    settings.retrySameQueue = retry;
    return this;
  }

  @Override
  public ProducerBuilder retryResponseCodes(int... codes) {
    settings.retryResponseCodes = Objects.requireNonNull(codes, "codes").clone();
    return this;
  }

  @Override
  public ProducerBuilder blockWhenFull(boolean block) {
    settings.blockWhenFull = block;
    return this;
  }

  @Override
  public ProducerBuilder completionExecutor(Executor executor) {
    settings.completionExecutor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  @Override
  public ProducerBuilder transactionListener(TransactionListener listener) {
    this.checker = Objects.requireNonNull(listener, "listener");
    return this;
  }

  @Override
  public ProducerBuilder transactionChecker(TransactionChecker checker) {
    this.checker = Objects.requireNonNull(checker, "checker");
    return this;
  }

  @Override
  public ProducerBuilder maxPendingChecks(int count) {
    settings.maxPendingChecks = Arguments.positive("maxPendingChecks", count);
    return this;
  }

  @Override
  public ProducerBuilder checkTimeout(Duration timeout) {
    settings.checkTimeoutMillis =
        Arguments.millis(
            "checkTimeout", "timeout", timeout, Duration.ofMillis(10), Duration.ofHours(1));
    return this;
  }

  @Override
  public ProducerBuilder transactionExecutor(Executor executor) {
    this.transactionExecutor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  @Override
  public Producer start() {
    ClientSettings to = clientSettings();
    TransactionChecks checks =
        checker == null ? null : new TransactionChecks(checker, transactionExecutor);
    return new DefaultProducer(to, settings.copy(), checks, closeTimeoutMillis);
  }
}
