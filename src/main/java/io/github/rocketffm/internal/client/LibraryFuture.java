package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.internal.calls.LibraryThread;
import io.github.rocketffm.internal.calls.Waiting;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A future that the library ends. To wait for it on a thread of the library, which is to end it, would be to wait for
 * ever: that is refused while it is not done. What is derived of it is one too.
 */
class LibraryFuture<T> extends CompletableFuture<T> implements Waiting {
  private static final long GRACE_MILLIS = 5000;

  /** By {@link #awaitOf}. */
  private volatile boolean awaited;

  LibraryFuture() {}

  @Override
  public final boolean isAwaited() {
    return awaited;
  }

  /**
   * Begins it and waits, at most so long and a grace, should the end not be told: for synchronous calls of virtual
   * threads, which so hold no carrier. No executor is asked to tell its end.
   *
   * @param goesOn what becomes of the call where the thread is interrupted
   */
  T awaitOf(OffCarrier.Call call, int timeoutMillis, String goesOn) {
    awaited = true;
    begin(call);
    try {
      return get(timeoutMillis + GRACE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw RocketMqException.builder(
              ErrorKind.TIMEOUT,
              "the end was not told within "
                  + timeoutMillis
                  + " ms and a grace of "
                  + GRACE_MILLIS
                  + " ms: what is attached to another future of this client blocks; give it"
                  + " completionExecutor")
          .mayBeStored(sends())
          .build();
    } catch (InterruptedException e) {
      throw Failures.interrupted("the thread was interrupted while it waited; " + goesOn, sends());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw Failures.onThisThread(e.getCause());
    }
  }

  /** Whether a message may be stored by what it is the end of. */
  boolean sends() {
    return true;
  }

  /** Begins it; a failure to do so, of whatever kind, is its end. */
  void begin(OffCarrier.Call call) {
    try {
      call.run();
    } catch (NativeFailure e) {
      completeExceptionally(Failures.of(e));
    } catch (Throwable e) {
      // Also an Error of a queue selector.
      completeExceptionally(e);
    }
  }

  private void checkThread() {
    if (LibraryThread.isCurrent() && !isDone()) {
      throw Failures.of(
          ErrorKind.INVALID_STATE,
          "a thread of the library would wait for what it is to end: use thenCompose, an ...Async method,"
              + " or completionExecutor on the builder");
    }
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    checkThread();
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    checkThread();
    return super.get(timeout, unit);
  }

  @Override
  public T join() {
    checkThread();
    return super.join();
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new LibraryFuture<>();
  }
}
