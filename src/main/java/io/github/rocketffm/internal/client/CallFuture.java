package io.github.rocketffm.internal.client;

import io.github.rocketffm.internal.calls.Ended;
import io.github.rocketffm.internal.calls.NativeCalls;
import io.github.rocketffm.internal.memory.NativeError;
import java.util.function.Function;

/**
 * One asynchronous call that is no send. Keeps its producer reachable, so that nobody forgets it meanwhile.
 *
 * @param <T> what it gives
 */
final class CallFuture<T> extends LibraryFuture<T> implements NativeCalls.Completion, Ended {
  @SuppressWarnings("unused") // It is kept.
  private final Object owner;

  private final String topic;
  private final Function<NativeCalls.End, T> result;

  /** What is to be told; one of the two is null. */
  private NativeCalls.End end;

  private NativeError error;

  CallFuture(Object owner, String topic, Function<NativeCalls.End, T> result) {
    this.owner = owner;
    this.topic = topic;
    this.result = result;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public Ended ended(NativeCalls.End of, NativeError failure) {
    end = of;
    error = failure;
    return this;
  }

  @Override
  public void tell() {
    if (error == null) {
      complete(result.apply(end));
    } else {
      completeExceptionally(Failures.ofEnd(error));
    }
  }
}
