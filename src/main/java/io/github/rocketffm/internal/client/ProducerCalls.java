package io.github.rocketffm.internal.client;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.internal.calls.LibraryThread;
import io.github.rocketffm.internal.calls.NativeCalls;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The calls of a producer that wait for servers and are no sends. Those that wait do so parked, whatever thread it is,
 * so that an interrupt ends the wait.
 */
final class ProducerCalls {
  private static final String GOES_ON = "the call goes on, and may take effect yet";

  /** Whom the futures keep reachable. */
  private final Object owner;

  private final NativeCalls calls;
  private final int sendTimeoutMillis;

  ProducerCalls(Object owner, NativeCalls calls, int sendTimeoutMillis) {
    this.owner = owner;
    this.calls = calls;
    this.sendTimeoutMillis = sendTimeoutMillis;
  }

  /** A native call that waits on its thread. */
  private interface Direct<T> {
    T run() throws NativeFailure;
  }

  /** Begins a call. */
  private interface Begin {
    void run(boolean waitedFor, NativeCalls.Completion completion) throws NativeFailure;
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
    future.begin(() -> begin.run(false, future));
    return future;
  }

  /** On a thread of the library, which would wait for what it is to tell itself, the native call waits. */
  private <T> T await(
      int limitMillis,
      String topic,
      Function<NativeCalls.End, T> result,
      Begin begin,
      Direct<T> direct) {
    if (LibraryThread.isCurrent()) {
      return here(direct);
    }
    CallFuture<T> future = new CallFuture<>(owner, topic, result);
    future.begin(() -> begin.run(true, future));
    return future.await(limitMillis, GOES_ON);
  }

  List<MessageQueue> queues(String topic) {
    return queues(topic, sendTimeoutMillis);
  }

  /** Known ones cost no change of threads: a send that chooses its queue asks for them each time. */
  List<MessageQueue> queues(String topic, int limitMillis) {
    Objects.requireNonNull(topic, "topic");
    List<MessageQueue> known = here(() -> calls.knownQueues(topic));
    return known != null
        ? known
        : await(
            limitMillis,
            topic,
            NativeCalls.End::queues,
            (waitedFor, future) -> calls.queuesAsync(topic, limitMillis, waitedFor, future),
            () -> calls.queues(topic, limitMillis));
  }

  CompletableFuture<List<MessageQueue>> queuesAsync(String topic) {
    Objects.requireNonNull(topic, "topic");
    return begin(
        topic,
        NativeCalls.End::queues,
        (waitedFor, future) -> calls.queuesAsync(topic, 0, waitedFor, future));
  }

  private static void check(String topic, String recallHandle) {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(recallHandle, "recallHandle");
  }

  String recall(String topic, String recallHandle) {
    check(topic, recallHandle);
    return await(
        sendTimeoutMillis,
        topic,
        NativeCalls.End::messageId,
        (waitedFor, future) -> calls.recallAsync(topic, recallHandle, 0, waitedFor, future),
        () -> calls.recall(topic, recallHandle, 0));
  }

  CompletableFuture<String> recallAsync(String topic, String recallHandle) {
    check(topic, recallHandle);
    return begin(
        topic,
        NativeCalls.End::messageId,
        (waitedFor, future) -> calls.recallAsync(topic, recallHandle, 0, waitedFor, future));
  }

  void warmUp(String topic) {
    Objects.requireNonNull(topic, "topic");
    await(
        sendTimeoutMillis,
        topic,
        end -> null,
        (waitedFor, future) -> calls.warmUpAsync(topic, waitedFor, future),
        () -> {
          calls.warmUp(topic);
          return null;
        });
  }

  CompletableFuture<Void> warmUpAsync(String topic) {
    Objects.requireNonNull(topic, "topic");
    return begin(
        topic, end -> null, (waitedFor, future) -> calls.warmUpAsync(topic, waitedFor, future));
  }
}
