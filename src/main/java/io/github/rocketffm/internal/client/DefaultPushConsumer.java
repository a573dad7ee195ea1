package io.github.rocketffm.internal.client;

import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerStatistics;
import io.github.rocketffm.internal.calls.ClientSettings;
import io.github.rocketffm.internal.calls.NativePushConsumer;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.util.concurrent.ExecutorService;

/** The push consumer over the native one. */
final class DefaultPushConsumer extends DefaultConsumer implements PushConsumer {
  private final NativePushConsumer consumer;
  private final ListenerRunner runner;

  private DefaultPushConsumer(
      String group,
      NativePushConsumer consumer,
      ListenerRunner runner,
      ClientLifecycle lifecycle,
      DefaultPushConsumerBuilder builder) {
    super(
        group,
        consumer,
        lifecycle,
        builder.client.requestTimeoutMillis(),
        builder.closeTimeoutMillis);
    this.consumer = consumer;
    this.runner = runner;
  }

  static DefaultPushConsumer start(DefaultPushConsumerBuilder builder) {
    ClientSettings to = builder.clientSettings();
    ExecutorService own = builder.executor == null ? VirtualThreads.newExecutor() : null;
    NativePushConsumer.Settings settings = builder.settings();
    ListenerRunner runner =
        new ListenerRunner(
            builder.runningListener(),
            own == null ? builder.executor : own,
            settings.orderly,
            new Redelivery(settings));
    NativePushConsumer consumer;
    try {
      consumer = NativePushConsumer.create(to, settings, runner::receive, builder.queueListener);
    } catch (NativeFailure e) {
      if (own != null) {
        own.shutdown();
      }
      throw Failures.of(e);
    }
    ClientLifecycle lifecycle =
        new ClientLifecycle(
            PushConsumer.class,
            "a push consumer of group " + settings.group,
            timeoutMillis -> {
              consumer.close(timeoutMillis);
              if (own != null) {
                own.shutdown();
              }
            });
    DefaultPushConsumer started =
        new DefaultPushConsumer(settings.group, consumer, runner, lifecycle, builder);
    started.start(
        builder.topics,
        () -> {
          if (builder.suspended) {
            started.suspend();
          }
        });
    return started;
  }

  @Override
  boolean onOwnThread() {
    return runner.isCurrent();
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
}
