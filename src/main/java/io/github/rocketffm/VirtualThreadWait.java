package io.github.rocketffm;

import io.github.rocketffm.internal.NativeFailure;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How a virtual thread waits for what the library does: it parks, and holds no carrier. */
final class VirtualThreadWait {
  /** So much longer than a call may take, should its end not be told. */
  private static final long GRACE_MILLIS = 5000;

  private VirtualThreadWait() {}

  /** Begins something, and waits for its end. */
  static <T> T until(CompletableFuture<T> future, int timeoutMillis, OffCarrier.Call begin) {
    try {
      begin.run();
    } catch (NativeFailure e) {
      throw ClientBuilder.exception(e);
    }
    return untilEnded(future, timeoutMillis);
  }

  static <T> T untilEnded(CompletableFuture<T> future, int timeoutMillis) {
    try {
      return future.get(timeoutMillis + GRACE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw RocketMqException.of(
          RocketMqException.Details.maybeStored(
              ErrorKind.TIMEOUT,
              "the end was not told within "
                  + timeoutMillis
                  + " ms and a grace of "
                  + GRACE_MILLIS
                  + " ms: what is attached to another future of this producer blocks; give it"
                  + " completionExecutor"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RocketMqException.of(
          ErrorKind.INTERRUPTED, "the thread was interrupted while it waited; the send goes on");
    } catch (ExecutionException e) {
      throw ((RocketMqException) e.getCause()).onThisThread();
    }
  }
}
