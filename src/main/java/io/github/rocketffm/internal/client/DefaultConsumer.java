package io.github.rocketffm.internal.client;

import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.internal.calls.NativeConsumer;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** What all consumers have in common: subscriptions, and their life. */
abstract class DefaultConsumer {
  final int requestTimeoutMillis;
  final ClientLifecycle lifecycle;
  private final String group;
  private final NativeConsumer consumer;
  private final int closeTimeoutMillis;
  private final Map<String, FilterExpression> subscriptions = new ConcurrentHashMap<>();

  /** Of the subscriptions, here and in the library, in one step. */
  private final ReentrantLock changes = new ReentrantLock();

  private final OffCarrier offCarrier = new OffCarrier();
  private volatile boolean started;
  private volatile String clientId;

  DefaultConsumer(
      String group,
      NativeConsumer consumer,
      ClientLifecycle lifecycle,
      int requestTimeoutMillis,
      int closeTimeoutMillis) {
    this.group = group;
    this.consumer = consumer;
    this.lifecycle = lifecycle;
    this.requestTimeoutMillis = requestTimeoutMillis;
    this.closeTimeoutMillis = closeTimeoutMillis;
  }

  /** Whether the calling thread runs the user's code for this consumer. */
  abstract boolean onOwnThread();

  /** Subscribes, does what comes before the start, and starts; closes where one of these fails. */
  final void start(Map<String, FilterExpression> topics, Runnable before) {
    try {
      topics.forEach(this::subscribe);
      before.run();
      call(consumer::start);
      call(() -> clientId = consumer.clientId());
      started = true;
    } finally {
      if (!started) {
        close(Duration.ZERO);
      }
    }
  }

  /** Ends with the call, whatever interrupts come. */
  final void call(OffCarrier.Call call) {
    checked(() -> offCarrier.finish(requestTimeoutMillis, call));
  }

  private void checked(OffCarrier.Call call) {
    try {
      call.run();
    } catch (NativeFailure e) {
      throw Failures.of(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  public void subscribe(String topic, FilterExpression filter) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(filter, "filter");
    OffCarrier.Call subscribe =
        () -> {
          changes.lock();
          try {
            consumer.subscribe(topic, filter.sql92() ? 1 : 0, filter.expression());
            subscriptions.put(topic, filter);
          } finally {
            changes.unlock();
          }
        };
    // Only a condition is asked about, and only once the consumer runs.
    if (filter.sql92() && started) {
      checked(() -> offCarrier.runInterruptibly(requestTimeoutMillis, subscribe));
    } else {
      call(subscribe);
    }
  }

  public void unsubscribe(String topic) {
    Objects.requireNonNull(topic, "topic");
    call(
        () -> {
          changes.lock();
          try {
            consumer.unsubscribe(topic);
            subscriptions.remove(topic);
          } finally {
            changes.unlock();
          }
        });
  }

  public Map<String, FilterExpression> subscriptions() {
    return Map.copyOf(subscriptions);
  }

  public String clientId() {
    return clientId;
  }

  public String group() {
    return group;
  }

  public boolean isClosed() {
    return lifecycle.isClosed();
  }

  public void close() {
    closeWithin(closeTimeoutMillis);
  }

  public void close(Duration timeout) {
    closeWithin(Arguments.closeMillis(timeout));
  }

  private void closeWithin(int timeoutMillis) {
    lifecycle.close(timeoutMillis, this::onOwnThread, () -> {});
  }

  public void awaitClose() {
    try {
      lifecycle.awaitClose();
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
