package io.github.rocketffm.internal.client;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.internal.calls.NativeCalls;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * The calls of a producer that wait for servers and are no sends. Those that wait can be interrupted, and depend on no
 * other end of the producer, which an executor or what is attached to a future may hold up.
 */
final class ProducerCalls {
  /** Whom the futures keep reachable. */
  private final Object owner;

  private final NativeCalls calls;
  private final OffCarrier offCarrier;
  private final int sendTimeoutMillis;

  ProducerCalls(Object owner, NativeCalls calls, OffCarrier offCarrier, int sendTimeoutMillis) {
    this.owner = owner;
    this.calls = calls;
    this.offCarrier = offCarrier;
    this.sendTimeoutMillis = sendTimeoutMillis;
  }

  /** A native call that waits on its thread. */
  private interface Direct<T> {
    T run() throws NativeFailure;
  }

  /** Begins a call. */
  private interface Begin {
    void run(NativeCalls.Completion completion) throws NativeFailure;
  }

  private <T> T here(Direct<T> call) {
    try {
      return call.run();
    } catch (NativeFailure e) {
      throw Failures.of(e);
    } finally {
      Reference.reachabilityFence(owner);
    }
  }

  private <T> CompletableFuture<T> begin(
      String topic, Function<NativeCalls.End, T> result, Begin begin) {
    CallFuture<T> future = new CallFuture<>(owner, topic, result);
    future.begin(() -> begin.run(future));
    return future;
  }

  /** An interrupt ends the wait. */
  private <T> T await(int limitMillis, Direct<T> call) {
    AtomicReference<T> result = new AtomicReference<>();
    return here(
        () -> {
          offCarrier.runInterruptibly(limitMillis, () -> result.set(call.run()));
          return result.get();
        });
  }

  List<MessageQueue> queues(String topic) {
    return queues(topic, sendTimeoutMillis);
  }

  /** Known ones cost no change of threads: a send that chooses its queue asks for them each time. */
  List<MessageQueue> queues(String topic, int limitMillis) {
    Objects.requireNonNull(topic, "topic");
    List<MessageQueue> known = here(() -> calls.knownQueues(topic));
    return known != null ? known : await(limitMillis, () -> calls.queues(topic, limitMillis));
  }

  CompletableFuture<List<MessageQueue>> queuesAsync(String topic) {
    Objects.requireNonNull(topic, "topic");
    return begin(topic, NativeCalls.End::queues, future -> calls.queuesAsync(topic, 0, future));
  }

  private static void check(String topic, String recallHandle) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(recallHandle, "recallHandle");
  }

  String recall(String topic, String recallHandle) {
    check(topic, recallHandle);
    return await(sendTimeoutMillis, () -> calls.recall(topic, recallHandle, 0));
  }

  CompletableFuture<String> recallAsync(String topic, String recallHandle) {
    check(topic, recallHandle);
    return begin(
        topic,
        NativeCalls.End::messageId,
        future -> calls.recallAsync(topic, recallHandle, 0, future));
  }

  void warmUp(String topic) {
    Objects.requireNonNull(topic, "topic");
    await(
        sendTimeoutMillis,
        () -> {
          calls.warmUp(topic);
          return null;
        });
  }

  CompletableFuture<Void> warmUpAsync(String topic) {
    Objects.requireNonNull(topic, "topic");
    return begin(topic, end -> null, future -> calls.warmUpAsync(topic, future));
  }
}
