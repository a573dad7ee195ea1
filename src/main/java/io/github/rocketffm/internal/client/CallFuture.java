package io.github.rocketffm.internal.client;

import io.github.rocketffm.internal.calls.NativeCalls;
import io.github.rocketffm.internal.memory.NativeError;
import java.util.function.Function;

/**
 * One asynchronous call that is no send. Keeps its producer reachable, so that nobody forgets it meanwhile.
 *
 * @param <T> what it gives
 */
final class CallFuture<T> extends LibraryFuture<T> implements NativeCalls.Completion {
  @SuppressWarnings("unused") // It is kept.
  private final Object owner;

  private final String topic;
  private final Function<NativeCalls.End, T> result;

  CallFuture(Object owner, String topic, Function<NativeCalls.End, T> result) {
    this.owner = owner;
    this.topic = topic;
    this.result = result;
  }

  @Override
  boolean sends() {
    return false;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public void complete(NativeCalls.End end, NativeError error) {
    if (error == null) {
      complete(result.apply(end));
    } else {
      completeExceptionally(Failures.ofEnd(error));
    }
  }
}
