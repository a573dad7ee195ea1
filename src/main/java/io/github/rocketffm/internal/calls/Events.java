package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the library has to tell, taken from its queue by threads of Java ({@code rocketmq-events-N}). The library never
 * calls up: what a call up throws outside the called method, where the linker makes its arguments, or where compiled
 * code goes back to interpreted one, ends the virtual machine; so does a native thread that cannot be attached. Here
 * the want of memory unwinds frames of Java, and the event stays in native memory until it is handled.
 *
 * <p>The events of one source come one at a time; threads are started as sources block theirs.
 */
final class Events {
  private static final Logger LOGGER = LoggerFactory.getLogger(Events.class);
  private static final int BASE_THREADS = 2;
  private static final long PAUSE_NANOS = 10_000_000;
  private static final ClassLoader OWN_LOADER = Events.class.getClassLoader();

  /** What is told of one source, on a thread of the library as {@link LibraryThread} has it. */
  interface Handler {
    /** What application code expects as its context. */
    ClassLoader loader();

    /**
     * Handles an event. After an OutOfMemoryError the same event comes again; what else is thrown is logged, and the
     * event counts as handled.
     */
    void handle(Event event);
  }

  private static final Map<Long, Handler> HANDLERS = new ConcurrentHashMap<>();

  /** For their names. */
  private static final AtomicInteger STARTED = new AtomicInteger();

  // Under the lock of the class:

  /** Null while nobody is told of anything. */
  private static MemorySegment queue;

  private static int threads;
  private static long logSource;

  private Events() {}

  /** Before the first source, and after the last one was closed: then the threads have ended, or are about to. */
  private static void start() {
    if (queue == null) {
      MemorySegment created = Rocketmq.rocketmq_event_queue_create();
      if (created.address() == 0) {
        throw new OutOfMemoryError("no native memory for the queue of events");
      }
      queue = created;
    }
    while (threads < BASE_THREADS) {
      startThread();
    }
  }

  private static synchronized void startThread() {
    Event event = new Event();
    MemorySegment from = queue;
    Thread.ofPlatform()
        .daemon()
        .inheritInheritableThreadLocals(false)
        .name("rocketmq-events-" + STARTED.incrementAndGet())
        .start(() -> run(from, event));
    threads++;
  }

  /** The number by which callbacks tell of the source. */
  static long open(Handler handler) {
    long source = add(handler);
    boolean told = false;
    try {
      NativeLog.open();
      told = true;
    } finally {
      if (!told) {
        close(source);
      }
    }
    return source;
  }

  private static synchronized long add(Handler handler) {
    start();
    long source = Rocketmq.rocketmq_event_source_create(queue);
    if (source == 0) {
      throw new OutOfMemoryError("no native memory for a source of events");
    }
    HANDLERS.put(source, handler);
    return source;
  }

  /** The source of log records, which goes with the last other one; 0 where there is none of these. */
  static synchronized long logSource(Handler handler) {
    if (logSource == 0 && !HANDLERS.isEmpty()) {
      logSource = add(handler);
    }
    return logSource;
  }

  static synchronized boolean isLogSource(long source) {
    return source == logSource;
  }

  /** Of this source nothing is told from now on, save what a thread has taken. */
  static synchronized void close(long source) {
    Rocketmq.rocketmq_event_source_destroy(source);
    HANDLERS.remove(source);
    if (logSource != 0 && HANDLERS.size() == 1) {
      // Whoever else uses the library in this process must not keep these classes by its log.
      Rocketmq.rocketmq_event_source_destroy(logSource);
      HANDLERS.remove(logSource);
      NativeLog.closed(logSource);
      logSource = 0;
    }
  }

  /**
   * Whether a thread that found nothing to do ends: beyond the first ones, and all of them when nobody is left to be
   * told of anything, so that the classes can go with their loader.
   */
  private static synchronized boolean end(int waiting) {
    boolean needed = waiting < BASE_THREADS || threads <= BASE_THREADS;
    if (needed && !HANDLERS.isEmpty()) {
      return false;
    }
    if (threads == 1) {
      Rocketmq.rocketmq_event_queue_destroy(queue);
      queue = null;
    }
    threads--;
    return true;
  }

  private static void run(MemorySegment from, Event event) {
    boolean marked = false;
    for (; ; ) {
      try {
        if (!marked) {
          LibraryThread.enter(OWN_LOADER);
          LibraryThread.mark();
          marked = true;
        }
        int waiting = event.take(from);
        if (event.kind() != Rocketmq.ROCKETMQ_EVENT_NONE()) {
          handle(event);
        } else if (end(waiting)) {
          return;
        }
        NativeLog.refresh();
      } catch (OutOfMemoryError e) {
        // The event is still there: take gives it again.
        event.triesWithoutMemory++;
        pause();
      } catch (Throwable e) {
        event.setHandled();
        LibraryThread.report(LOGGER, "an event of the library could not be handled", e);
      }
    }
  }

  private static void handle(Event event) {
    if (event.isAlone() && startAnother()) {
      event.setAccompanied();
    }
    Handler handler = HANDLERS.get(event.source());
    if (handler != null) {
      try {
        LibraryThread.enter(handler.loader());
        handler.handle(event);
      } finally {
        // A thread that waits keeps no application's loader.
        LibraryThread.enter(OWN_LOADER);
      }
    }
    event.setHandled();
  }

  /** So that others are told while this thread's event may block it. */
  private static boolean startAnother() {
    try {
      startThread();
      return true;
    } catch (OutOfMemoryError e) {
      // Of memory or threads: those that run go on, and the next event asks again.
      return false;
    }
  }

  static void pause() {
    try {
      LockSupport.parkNanos(PAUSE_NANOS);
    } catch (Throwable e) {
      // Without the pause, then.
    }
  }
}
