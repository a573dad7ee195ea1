package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.internal.calls.LibraryThread;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Native calls of one client that block would hold a virtual thread's carrier, and know of no interrupt: they run on
 * one of a few platform threads in its place. Who gets none in time is told so when its time is over. Any thread.
 */
final class OffCarrier {
  private static final int MOST_THREADS = 16;

  /** How much later than its limit a native call may end: as long its caller waits for it. */
  private static final int GRACE_MILLIS = 1500;

  private static final int KEPT_SECONDS = 5;

  /** Further calls wait, parked. Each thread ends soon after its last call. */
  private final ThreadPoolExecutor pool =
      new ThreadPoolExecutor(
          MOST_THREADS,
          MOST_THREADS,
          KEPT_SECONDS,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          Thread.ofPlatform()
              .daemon()
              .inheritInheritableThreadLocals(false)
              .name("rocketmq-blocking-", 1)
              .factory());

  OffCarrier() {
    pool.allowCoreThreadTimeOut(true);
  }

  /** A native call that blocks. */
  interface Call {
    void run() throws NativeFailure;
  }

  /** A call that is given up before it has begun does not begin any more. */
  private static final class Task extends FutureTask<Void> {
    private final AtomicBoolean claimed;

    private Task(Call call, AtomicBoolean claimed) {
      super(
          () -> {
            if (!claimed.getAndSet(true)) {
              call.run();
            }
            return null;
          });
      this.claimed = claimed;
    }

    static Task of(Call call) {
      return new Task(call, new AtomicBoolean());
    }

    boolean giveUp() {
      return !claimed.getAndSet(true);
    }
  }

  /**
   * How a call is waited for.
   *
   * @param sends whether it sends a message, which may be stored where it is not waited for
   * @param interruptible whether an interrupt ends the wait
   */
  private record Waiting(boolean sends, boolean interruptible) {}

  /**
   * Ends with the call, which takes no longer than its limit; on a virtual thread without it where other calls took
   * that time, and after an interrupt. On a platform thread it is made right here, and no interrupt ends it.
   *
   * @param sends whether the call sends a message
   */
  void run(int limitMillis, boolean sends, Call call) throws NativeFailure {
    runOffCarrier(limitMillis, new Waiting(sends, true), call);
  }

  /** The same, whatever interrupts come meanwhile, or came before (they stay set). */
  void finish(int limitMillis, Call call) throws NativeFailure {
    runOffCarrier(limitMillis, new Waiting(false, false), call);
  }

  private void runOffCarrier(int limitMillis, Waiting waiting, Call call) throws NativeFailure {
    if (Thread.currentThread().isVirtual()) {
      runElsewhere(limitMillis, waiting, call);
    } else {
      call.run();
    }
  }

  /**
   * An interrupt ends the wait on a platform thread too, at the cost of a change of threads. Sends no message. What
   * happens on the library's own threads is not interrupted.
   */
  void runInterruptibly(int limitMillis, Call call) throws NativeFailure {
    if (LibraryThread.isCurrent()) {
      call.run();
    } else {
      runElsewhere(limitMillis, new Waiting(false, true), call);
    }
  }

  private void runElsewhere(int limitMillis, Waiting waiting, Call call) throws NativeFailure {
    Task task = Task.of(call);
    pool.execute(task);
    boolean interrupted = false;
    int waitMillis = limitMillis;
    try {
      for (long begin = System.nanoTime(); ; ) {
        long waited = System.nanoTime() - begin;
        try {
          task.get(TimeUnit.MILLISECONDS.toNanos(waitMillis) - waited, TimeUnit.NANOSECONDS);
          return;
        } catch (InterruptedException e) {
          if (waiting.interruptible) {
            throw interrupted(waiting, withdraw(task));
          }
          interrupted = true;
        } catch (TimeoutException e) {
          boolean withdrawn = withdraw(task);
          if (withdrawn || waitMillis >= limitMillis + GRACE_MILLIS) {
            throw tooLate(limitMillis, waiting, withdrawn);
          }
          // It runs, and ends soon, unless it began late.
          waitMillis = limitMillis + GRACE_MILLIS;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case NativeFailure failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        default -> throw new IllegalStateException(e.getCause());
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** False where it has begun. */
  private boolean withdraw(Task task) {
    boolean withdrawn = task.giveUp();
    if (withdrawn) {
      pool.remove(task);
    }
    return withdrawn;
  }

  private static RocketMqException interrupted(Waiting waiting, boolean withdrawn) {
    String what =
        withdrawn
            ? "the thread was interrupted before the call began: it was not made"
            : "the thread was interrupted while it waited for the call, which goes on, and may take effect yet";
    return Failures.interrupted(what, waiting.sends && !withdrawn);
  }

  private static RocketMqException tooLate(int limitMillis, Waiting waiting, boolean withdrawn) {
    String reason =
        withdrawn
            ? " did not begin within "
                + limitMillis
                + " ms, as "
                + MOST_THREADS
                + " calls of other threads wait for servers too"
            : " did not end within " + limitMillis + " ms: it goes on, and may take effect yet";
    return RocketMqException.builder(ErrorKind.TIMEOUT, "the call" + reason)
        .mayBeStored(waiting.sends && !withdrawn)
        .build();
  }

  /** For a close, which must not wait behind other calls. */
  static void runUninterrupted(String name, Runnable call) {
    if (!Thread.currentThread().isVirtual()) {
      call.run();
      return;
    }
    Thread thread = Thread.ofPlatform().daemon().name(name).start(call);
    boolean interrupted = false;
    for (; ; ) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
