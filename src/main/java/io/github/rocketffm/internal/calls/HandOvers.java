package io.github.rocketffm.internal.calls;

import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ends of one object's calls on their way to the application's executor: each is told exactly once. What the
 * executor refuses waits here, for a thread that hands it over again until it is taken; no further call should begin
 * while much waits. {@link #give} is called by one thread at a time, the rest by any.
 */
final class HandOvers {
  private static final Logger LOGGER = LoggerFactory.getLogger(HandOvers.class);

  /** As many as a producer has in flight by default. */
  static final int MOST_REFUSED = 1024;

  private final Executor executor;

  /** What what is attached to futures expects as its context. */
  private final ClassLoader loader = Thread.currentThread().getContextClassLoader();

  /** What the executor was given, or refused, and has not begun: it may never do so. */
  private final PendingCalls<Task> tasks = new PendingCalls<>();

  /** In their order; those that were told meanwhile are passed over. */
  private final Queue<Task> refused = new ConcurrentLinkedQueue<>();

  private final AtomicInteger refusedEnds = new AtomicInteger();

  /** There is a thread that hands over again. */
  private final AtomicBoolean repeating = new AtomicBoolean();

  /** What was told in the log once. */
  private volatile boolean refusing;

  private volatile boolean closed;

  HandOvers(Executor executor) {
    this.executor = executor;
  }

  /** From now on nobody waits for the executor: what it has not begun is told by this thread. */
  void close() {
    closed = true;
    // A task is put among them before its thread looks whether this is closed.
    VarHandle.fullFence();
    tasks.forEach(Task.TELL);
  }

  /** So many wait for an executor that refuses that no further call should begin. */
  boolean isFull() {
    return refusedEnds.get() >= MOST_REFUSED;
  }

  /** False where they are to be given again later, as there was no memory to keep them. */
  boolean give(Ended[] ended) {
    Task task = new Task(this, ended);
    try {
      hand(task);
      return true;
    } catch (Throwable e) {
      if (task.isClaimed()) {
        // It runs, although the executor failed.
        return true;
      }
      if (closed) {
        task.run();
        return true;
      }
      return keep(task, e);
    }
  }

  private void hand(Task task) {
    executor.execute(task);
    refusing = false;
    VarHandle.fullFence();
    if (closed) {
      // The close may have passed it by.
      task.run();
    }
  }

  private boolean keep(Task task, Throwable failure) {
    if (!refusing) {
      refusing = true;
      LibraryThread.report(
          LOGGER,
          "the executor refused ends of calls, which are handed over again until it takes them",
          failure);
    }
    try {
      refused.add(task);
      refusedEnds.addAndGet(task.ended.length);
      if (repeating.compareAndSet(false, true)) {
        start();
      }
      return true;
    } catch (Throwable e) {
      // Without memory, or a thread, the library keeps it.
      remove(task);
      // What ran meanwhile was told.
      return !task.claim();
    }
  }

  private void start() {
    boolean started = false;
    try {
      Thread thread =
          Thread.ofPlatform()
              .daemon()
              .inheritInheritableThreadLocals(false)
              .name("rocketmq-executor")
              .unstarted(this::repeat);
      thread.setContextClassLoader(loader);
      thread.start();
      started = true;
    } finally {
      if (!started) {
        repeating.set(false);
      }
    }
  }

  private void remove(Task task) {
    if (refused.remove(task)) {
      refusedEnds.addAndGet(-task.ended.length);
    }
  }

  /** On a thread of its own, as the executor may block it, or run there what it is given. */
  private void repeat() {
    boolean marked = false;
    for (; ; ) {
      Events.pause();
      try {
        if (!marked) {
          LibraryThread.mark();
          marked = true;
        }
        if (handAll()) {
          repeating.set(false);
          if (refused.isEmpty() || !repeating.compareAndSet(false, true)) {
            return;
          }
        }
      } catch (OutOfMemoryError e) {
        // Again after the pause.
      }
    }
  }

  /** True when nothing is left. */
  private boolean handAll() {
    for (; ; ) {
      Task task = refused.peek();
      if (task == null) {
        return true;
      }
      try {
        if (!task.isClaimed()) {
          hand(task);
        }
      } catch (Throwable e) {
        if (closed) {
          task.run();
        } else if (!task.isClaimed()) {
          return false;
        }
      }
      remove(task);
    }
  }

  /** True once claimed, to be told or to be left to the library. */
  @SuppressWarnings("serial") // It is one for want of another object, and is not serialised.
  private static final class Task extends AtomicBoolean implements Runnable {
    static final Consumer<Task> TELL = Task::run;

    final Ended[] ended;
    private final HandOvers owner;
    private final int place;

    Task(HandOvers owner, Ended[] ended) {
      this.owner = owner;
      this.ended = ended;
      place = owner.tasks.reserve();
      owner.tasks.put(place, this);
    }

    boolean isClaimed() {
      return get();
    }

    boolean claim() {
      if (getAndSet(true)) {
        return false;
      }
      owner.tasks.remove(place);
      return true;
    }

    @Override
    public void run() {
      if (claim()) {
        for (Ended each : ended) {
          tellWithPatience(each);
        }
      }
    }

    /** Nobody else tells it any more: until there is memory for it. */
    private static void tellWithPatience(Ended ended) {
      for (; ; ) {
        try {
          tell(ended);
          return;
        } catch (OutOfMemoryError e) {
          Events.pause();
        }
      }
    }
  }

  /** Throws nothing but for want of memory. */
  static void tell(Ended ended) {
    try {
      ended.tell();
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      LibraryThread.report(LOGGER, "what waited for a call failed", e);
    }
  }
}
