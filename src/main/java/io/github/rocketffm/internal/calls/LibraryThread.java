package io.github.rocketffm.internal.calls;

import org.slf4j.Logger;

/**
 * The threads on which the library tells of ends and messages ({@link Events}): they are never to wait for themselves.
 */
public final class LibraryThread {
  private static final ThreadLocal<Boolean> CURRENT = new ThreadLocal<>();

  private LibraryThread() {}

  /** The calling thread is one of them. */
  static void mark() {
    CURRENT.set(true);
  }

  /** Gives the thread the class loader that application code expects. */
  static void enter(ClassLoader loader) {
    Thread thread = Thread.currentThread();
    if (thread.getContextClassLoader() != loader) {
      thread.setContextClassLoader(loader);
    }
  }

  /** Whether the calling thread is one of the library's. */
  public static boolean isCurrent() {
    return CURRENT.get() != null;
  }

  /** Tells of what failed; throws nothing, as the thread goes on. */
  static void report(Logger logger, String message, Throwable failure) {
    try {
      logger.error(message, failure);
    } catch (Throwable e) {
      // Without memory, or with a broken logging backend, there is nobody left to tell.
    }
  }
}
