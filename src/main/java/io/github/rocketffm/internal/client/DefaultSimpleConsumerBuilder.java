package io.github.rocketffm.internal.client;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.SimpleConsumerBuilder;
import io.github.rocketffm.internal.calls.NativeSimpleConsumer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;

/** Builds a simple consumer over the native one. */
final class DefaultSimpleConsumerBuilder extends SettingsBuilder<SimpleConsumerBuilder>
    implements SimpleConsumerBuilder {
  final NativeSimpleConsumer.Settings settings = new NativeSimpleConsumer.Settings();
  final Map<String, FilterExpression> topics = new LinkedHashMap<>();
  int awaitMillis = 20_000;

  DefaultSimpleConsumerBuilder(String group) {
    settings.group = group;
  }

  @Override
  SimpleConsumerBuilder self() {
    return this;
  }

  @Override
  public SimpleConsumerBuilder subscribe(String topic, FilterExpression filter) {
    topics.put(Objects.requireNonNull(topic, "topic"), Objects.requireNonNull(filter, "filter"));
    return this;
  }

  @Override
  public SimpleConsumerBuilder awaitDuration(Duration duration) {
    boolean waits = !Objects.requireNonNull(duration, "duration").isZero();
    awaitMillis = waits ? Arguments.timeoutMillis("awaitDuration", duration) : -1;
    return this;
  }

  @Override
  public SimpleConsumerBuilder consumeFrom(ConsumeFrom from) {
    settings.consumeFrom =
        switch (Objects.requireNonNull(from, "from")) {
          case ConsumeFrom.LastOffset ignored -> 0;
          case ConsumeFrom.FirstOffset ignored -> 1;
          case ConsumeFrom.Timestamp timestamp ->
              throw InvalidArgumentException.of(
                  "consumeFrom",
                  timestamp,
                  "a simple consumer cannot begin at a timestamp, so use firstOffset() or lastOffset(), or"
                      + " a PushConsumer");
        };
    return this;
  }

  @Override
  public SimpleConsumerBuilder completionExecutor(Executor executor) {
    settings.completionExecutor = Objects.requireNonNull(executor, "executor");
    return this;
  }

  @Override
  public SimpleConsumer start() {
    return DefaultSimpleConsumer.start(this);
  }
}
