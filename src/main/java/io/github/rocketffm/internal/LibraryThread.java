package io.github.rocketffm.internal;

import org.slf4j.Logger;

/**
 * The library's own threads, as seen from Java: they call up, and are never to wait for themselves. A native thread is
 * attached at its first call up and stays so, hence its mark.
 */
public final class LibraryThread {
  private static final ThreadLocal<Boolean> CURRENT = new ThreadLocal<>();

  private LibraryThread() {}

  /** Begins a call up: marks the thread, and gives it the class loader that application code expects. */
  static void enter(ClassLoader loader) {
    if (CURRENT.get() == null) {
      CURRENT.set(true);
    }
    Thread thread = Thread.currentThread();
    if (thread.getContextClassLoader() != loader) {
      thread.setContextClassLoader(loader);
    }
  }

  /** Whether the calling thread is one of the library's. */
  public static boolean isCurrent() {
    return CURRENT.get() != null;
  }

  /** Tells of what failed in a call up; throws nothing, as that would end the virtual machine. */
  static void report(Logger logger, String message, Throwable failure) {
    try {
      logger.error(message, failure);
    } catch (Throwable e) {
      // Without memory, or with a broken logging backend, there is nobody left to tell.
    }
  }
}
