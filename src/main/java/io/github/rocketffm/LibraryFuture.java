package io.github.rocketffm;

import io.github.rocketffm.internal.LibraryThread;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A future that the library ends. To wait for it on a thread of the library, which is to end it, would be to wait for
 * ever: that is refused while it is not done. What is derived of it is one too.
 */
class LibraryFuture<T> extends CompletableFuture<T> {
  LibraryFuture() {}

  private void checkThread() {
    if (LibraryThread.isCurrent() && !isDone()) {
      throw RocketMqException.of(
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
