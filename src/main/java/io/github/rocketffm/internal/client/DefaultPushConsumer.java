package io.github.rocketffm.internal.client;

import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerStatistics;
import io.github.rocketffm.QueueListener;
import io.github.rocketffm.internal.calls.ClientSettings;
import io.github.rocketffm.internal.calls.NativePushConsumer;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.util.concurrent.ExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The push consumer over the native one. */
final class DefaultPushConsumer extends DefaultConsumer implements PushConsumer {
  private static final Logger LOGGER = LoggerFactory.getLogger(PushConsumer.class);

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
      consumer =
          NativePushConsumer.create(
              to, settings, runner::receive, reporting(settings.group, builder.queueListener));
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

  /** Null where nobody asks. */
  private static QueueListener reporting(String group, QueueListener listener) {
    if (listener == null) {
      return null;
    }
    return (topic, queues) -> {
      try {
        listener.queuesChanged(topic, queues);
      } catch (OutOfMemoryError e) {
        // It is told once more.
        throw e;
      } catch (Throwable e) {
        LOGGER.warn(
            "the queue listener of group {} failed when it was told the {} queues of topic {}",
            group,
            queues.size(),
            topic,
            e);
      }
    };
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
