package io.github.rocketffm.internal.client;

import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.SimpleConsumerStatistics;
import io.github.rocketffm.internal.calls.LibraryThread;
import io.github.rocketffm.internal.calls.NativeSimpleConsumer;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** The simple consumer over the native one. */
final class DefaultSimpleConsumer extends DefaultConsumer implements SimpleConsumer {
  private final NativeSimpleConsumer consumer;

  /** -1: not at all. */
  private final int awaitMillis;

  private DefaultSimpleConsumer(
      String group,
      NativeSimpleConsumer consumer,
      ClientLifecycle lifecycle,
      DefaultSimpleConsumerBuilder builder) {
    super(
        group,
        consumer,
        lifecycle,
        builder.client.requestTimeoutMillis(),
        builder.closeTimeoutMillis);
    this.consumer = consumer;
    awaitMillis = builder.awaitMillis;
  }

  static DefaultSimpleConsumer start(DefaultSimpleConsumerBuilder builder) {
    NativeSimpleConsumer.Settings settings = builder.settings.copy();
    NativeSimpleConsumer consumer;
    try {
      consumer = NativeSimpleConsumer.create(builder.clientSettings(), settings);
    } catch (NativeFailure e) {
      throw Failures.of(e);
    }
    ClientLifecycle lifecycle =
        new ClientLifecycle(
            SimpleConsumer.class, "a simple consumer of group " + settings.group, consumer::close);
    DefaultSimpleConsumer started =
        new DefaultSimpleConsumer(settings.group, consumer, lifecycle, builder);
    started.start(builder.topics, () -> {});
    lifecycle.closeWhenForgotten(started);
    return started;
  }

  /** What it calls runs on no thread of its own. */
  @Override
  boolean onOwnThread() {
    return false;
  }

  /** One asynchronous call. Keeps its consumer reachable, so that nobody forgets it meanwhile. */
  private abstract static class Call<T> extends LibraryFuture<T>
      implements NativeSimpleConsumer.Completion {
    private final DefaultSimpleConsumer consumer;

    Call(DefaultSimpleConsumer consumer) {
      this.consumer = consumer;
    }

    @Override
    boolean sends() {
      return false;
    }

    abstract T result(List<ReceivedMessage> messages, String receiptHandle);

    @Override
    public void complete(List<ReceivedMessage> messages, String handle, NativeError error) {
      Reference.reachabilityFence(consumer);
      if (error == null) {
        complete(result(messages, handle));
      } else {
        completeExceptionally(Failures.ofEnd(error));
      }
    }
  }

  private static final class Receive extends Call<List<ReceivedMessage>> {
    Receive(DefaultSimpleConsumer consumer) {
      super(consumer);
    }

    @Override
    List<ReceivedMessage> result(List<ReceivedMessage> messages, String receiptHandle) {
      return messages;
    }
  }

  private static final class Acknowledgement extends Call<Void> {
    Acknowledgement(DefaultSimpleConsumer consumer) {
      super(consumer);
    }

    @Override
    Void result(List<ReceivedMessage> messages, String receiptHandle) {
      return null;
    }
  }

  private static final class Change extends Call<Void> {
    private final ReceivedMessage message;

    Change(DefaultSimpleConsumer consumer, ReceivedMessage message) {
      super(consumer);
      this.message = message;
    }

    @Override
    Void result(List<ReceivedMessage> messages, String receiptHandle) {
      NativeSimpleConsumer.receiptHandle(message, receiptHandle);
      return null;
    }
  }

  @Override
  public List<ReceivedMessage> receive(int maxMessages, Duration invisibleDuration) {
    int most = Arguments.positive("maxMessages", maxMessages);
    int invisible = invisibleMillis(invisibleDuration);
    if (!LibraryThread.isCurrent()) {
      Receive receive = new Receive(this);
      return receive.awaitOf(
          () -> consumer.receiveAsync(most, invisible, awaitMillis, receive),
          Math.max(awaitMillis, 0) + requestTimeoutMillis,
          "what it receives comes again after its invisible duration");
    }
    // The end of an asynchronous one would come on this very thread.
    try {
      return consumer.receive(most, invisible, awaitMillis);
    } catch (NativeFailure e) {
      throw Failures.of(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public CompletableFuture<List<ReceivedMessage>> receiveAsync(
      int maxMessages, Duration invisibleDuration) {
    Objects.requireNonNull(invisibleDuration, "invisibleDuration");
    Receive receive = new Receive(this);
    receive.begin(
        () ->
            consumer.receiveAsync(
                Arguments.positive("maxMessages", maxMessages),
                invisibleMillis(invisibleDuration),
                awaitMillis,
                receive));
    return receive;
  }

  @Override
  public void ack(ReceivedMessage message) {
    String handle = handle(message);
    if (Thread.currentThread().isVirtual()) {
      Acknowledgement acknowledgement = new Acknowledgement(this);
      acknowledgement.awaitOf(
          () -> consumer.acknowledgeAsync(handle, acknowledgement),
          requestTimeoutMillis,
          "the acknowledgement goes on");
      return;
    }
    call(() -> consumer.acknowledge(handle));
  }

  @Override
  public CompletableFuture<Void> ackAsync(ReceivedMessage message) {
    Objects.requireNonNull(message, "message");
    Acknowledgement acknowledgement = new Acknowledgement(this);
    acknowledgement.begin(() -> consumer.acknowledgeAsync(handle(message), acknowledgement));
    return acknowledgement;
  }

  @Override
  public void changeInvisibleDuration(ReceivedMessage message, Duration invisibleDuration) {
    Objects.requireNonNull(message, "message");
    int invisible = invisibleMillis(invisibleDuration);
    String handle = handle(message);
    if (Thread.currentThread().isVirtual()) {
      Change change = new Change(this, message);
      change.awaitOf(
          () -> consumer.changeInvisibleDurationAsync(handle, invisible, change),
          requestTimeoutMillis,
          "the change goes on");
      return;
    }
    call(
        () ->
            NativeSimpleConsumer.receiptHandle(
                message, consumer.changeInvisibleDuration(handle, invisible)));
  }

  @Override
  public CompletableFuture<Void> changeInvisibleDurationAsync(
      ReceivedMessage message, Duration invisibleDuration) {
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(invisibleDuration, "invisibleDuration");
    Change change = new Change(this, message);
    change.begin(
        () ->
            consumer.changeInvisibleDurationAsync(
                handle(message), invisibleMillis(invisibleDuration), change));
    return change;
  }

  private static int invisibleMillis(Duration invisibleDuration) {
    return Arguments.millis(
        "invisibleDuration",
        "invisibleDuration",
        invisibleDuration,
        Duration.ofSeconds(1),
        Duration.ofHours(12));
  }

  private static String handle(ReceivedMessage message) {
    String handle = NativeSimpleConsumer.receiptHandle(Objects.requireNonNull(message, "message"));
    if (handle == null) {
      throw InvalidArgumentException.of(
          message
              + " was not received by a simple consumer: it is acknowledged by what its listener"
              + " returns");
    }
    return handle;
  }

  @Override
  public SimpleConsumerStatistics statistics() {
    try {
      return Statistics.simpleConsumer(consumer.statistics());
    } catch (NativeFailure e) {
      throw Failures.of(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
