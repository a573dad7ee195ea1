package io.github.rocketffm.internal.client;

import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerStatistics;
import io.github.rocketffm.internal.calls.ClientSettings;
import io.github.rocketffm.internal.calls.NativePushConsumer;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;

/** The push consumer over the native one. */
final class DefaultPushConsumer implements PushConsumer {
  private final NativePushConsumer consumer;
  private final ListenerRunner runner;
  private final int closeTimeoutMillis;
  private final int requestTimeoutMillis;
  private final OffCarrier offCarrier = new OffCarrier();
  private final ClientLifecycle lifecycle;

  DefaultPushConsumer(DefaultPushConsumerBuilder builder) {
    ClientSettings to = builder.clientSettings();
    ExecutorService own = builder.executor == null ? VirtualThreads.newExecutor() : null;
    NativePushConsumer.Settings settings = builder.settings();
    runner =
        new ListenerRunner(
            builder.listener, own == null ? builder.executor : own, settings.orderly);
    closeTimeoutMillis = builder.closeTimeoutMillis;
    requestTimeoutMillis = builder.client.requestTimeoutMillis();
    try {
      consumer = NativePushConsumer.create(to, settings, runner::receive, builder.queueListener);
    } catch (NativeFailure e) {
      if (own != null) {
        own.shutdown();
      }
      throw Failures.of(e);
    }
    lifecycle =
        new ClientLifecycle(
            PushConsumer.class,
            "a push consumer of group " + settings.group,
            timeoutMillis -> {
              consumer.close(timeoutMillis);
              if (own != null) {
                own.shutdown();
              }
            });
    start(builder.topics, builder.suspended);
  }

  private void start(Map<String, FilterExpression> topics, boolean suspended) {
    boolean started = false;
    try {
      topics.forEach(this::subscribe);
      if (suspended) {
        call(consumer::suspend);
      }
      call(consumer::start);
      started = true;
    } finally {
      if (!started) {
        close(Duration.ZERO);
      }
    }
  }

  private void call(OffCarrier.Call call) {
    try {
      offCarrier.run(requestTimeoutMillis, call);
    } catch (NativeFailure e) {
      throw Failures.of(e);
    }
  }

  @Override
  public void subscribe(String topic, FilterExpression filter) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(filter, "filter");
    call(() -> consumer.subscribe(topic, filter.sql92() ? 1 : 0, filter.expression()));
  }

  @Override
  public void unsubscribe(String topic) {
    Objects.requireNonNull(topic, "topic");
    call(() -> consumer.unsubscribe(topic));
  }

  @Override
  public void suspend() {
    call(consumer::suspend);
  }

  @Override
  public void resume() {
    call(consumer::resume);
  }

  @Override
  public PushConsumerStatistics statistics() {
    try {
      return Statistics.pushConsumer(consumer.statistics());
    } catch (NativeFailure e) {
      throw Failures.of(e);
    }
  }

  @Override
  public void close() {
    closeWithin(closeTimeoutMillis);
  }

  @Override
  public void close(Duration timeout) {
    closeWithin(Arguments.closeMillis(timeout));
  }

  private void closeWithin(int timeoutMillis) {
    lifecycle.close(timeoutMillis, runner::isCurrent, () -> {});
  }

  @Override
  public void awaitClose() {
    try {
      lifecycle.awaitClose();
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
