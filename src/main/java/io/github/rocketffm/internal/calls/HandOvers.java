package io.github.rocketffm.internal.calls;

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
 * executor refuses waits here, and is handed over again until it is taken; up to a limit, beyond which the library keeps
 * it, and nothing new begins. Any thread.
 */
final class HandOvers implements Events.Repeated {
  private static final Logger LOGGER = LoggerFactory.getLogger(HandOvers.class);

  /** As many as a producer has in flight by default. */
  private static final int MOST_REFUSED = 1024;

  private final Executor executor;

  /** What the executor was given, or refused, and has not begun: it may never do so. */
  private final PendingCalls<Task> tasks = new PendingCalls<>();

  /** In their order; those that were told meanwhile are passed over. */
  private final Queue<Task> refused = new ConcurrentLinkedQueue<>();

  private final AtomicInteger refusedEnds = new AtomicInteger();

  /** What was told in the log once. */
  private volatile boolean refusing;

  private volatile boolean closed;

  HandOvers(Executor executor) {
    this.executor = executor;
  }

  /** From now on nobody waits for the executor: what it has not begun is told by this thread. */
  void close() {
    closed = true;
    tasks.forEach(Task.TELL);
  }

  /** So many wait for an executor that refuses that no further call should begin. */
  boolean isFull() {
    return refusedEnds.get() >= MOST_REFUSED;
  }

  /** False where they are to be given again later. */
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
    if (closed) {
      // The close may have passed it by.
      task.run();
    }
  }

  private boolean keep(Task task, Throwable failure) {
    report(failure);
    boolean kept = false;
    try {
      if (!isFull()) {
        refused.add(task);
        refusedEnds.addAndGet(task.ended.length);
        Events.repeat(this);
        kept = true;
      }
    } catch (OutOfMemoryError e) {
      // The library has the memory for it.
      remove(task);
    }
    // What ran meanwhile was told.
    return kept || !task.claim();
  }

  private void remove(Task task) {
    if (refused.remove(task)) {
      refusedEnds.addAndGet(-task.ended.length);
    }
  }

  private void report(Throwable failure) {
    if (!refusing) {
      refusing = true;
      LibraryThread.report(
          LOGGER,
          "the executor refused ends of calls, which are handed over again until it takes them",
          failure);
    }
  }

  /** Hands over again what was refused; true when nothing is left. */
  @Override
  public boolean repeat() {
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
