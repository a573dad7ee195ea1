package io.github.rocketffm.internal.client;

import io.github.rocketffm.internal.calls.LibraryThread;
import java.lang.ref.Cleaner;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a client ends: by a close, from wherever, or by being forgotten. Does not refer to the client itself, which could
 * not be forgotten otherwise. Any thread.
 */
final class ClientLifecycle {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final String THREAD = "rocketmq-close";

  private final Logger logger;
  private final String description;
  private final IntConsumer close;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean closed;
  private volatile Cleaner.Cleanable cleanable;

  /**
   * Of a client that is described as "a producer of group g", say.
   *
   * @param close ends all, and waits at most so many milliseconds
   */
  ClientLifecycle(Class<?> client, String description, IntConsumer close) {
    logger = LoggerFactory.getLogger(client);
    this.description = description;
    this.close = close;
  }

  /** From now on it is closed when nobody refers to it any more. */
  void closeWhenForgotten(Object client) {
    cleanable = CLEANER.register(client, this::forgotten);
  }

  private void forgotten() {
    if (closed) {
      return;
    }
    try {
      // What is told of the end may block, and the thread here is everybody's.
      inBackground(0);
    } catch (OutOfMemoryError e) {
      // No thread to be had.
      closeAndWait(0);
    }
    logger.warn("{} was never closed: it is closed now; use try-with-resources", description);
  }

  /**
   * Closes, and waits; not where what is waited for ends on this very thread.
   *
   * @param onOwnThread whether the calling thread runs code that the client called
   * @param refuse ends what can be ended at once
   */
  void close(int timeoutMillis, BooleanSupplier onOwnThread, Runnable refuse) {
    closed = true;
    if (LibraryThread.isCurrent() || onOwnThread.getAsBoolean()) {
      refuse.run();
      inBackground(timeoutMillis);
    } else {
      OffCarrier.runUninterrupted(THREAD, () -> closeAndWait(timeoutMillis));
    }
    Cleaner.Cleanable registered = cleanable;
    if (registered != null) {
      registered.clean();
    }
  }

  private void inBackground(int timeoutMillis) {
    Thread.ofPlatform().daemon().name(THREAD).start(() -> closeAndWait(timeoutMillis));
  }

  private void closeAndWait(int timeoutMillis) {
    try {
      close.accept(timeoutMillis);
    } finally {
      ended.countDown();
    }
  }

  /** From the call of a close on. */
  boolean isClosed() {
    return closed;
  }

  /** Until a close has ended. */
  void awaitClose() {
    try {
      ended.await();
    } catch (InterruptedException e) {
      throw Failures.interrupted("the thread was interrupted while it waited for a close", false);
    }
  }
}
