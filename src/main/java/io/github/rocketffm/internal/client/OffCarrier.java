package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Native calls of one client that block would hold a virtual thread's carrier: they run on one of a few platform
 * threads in its place. Who gets none in time is told so when its time is over. Any thread.
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
   * Ends with the call, which takes no longer than its limit, whatever interrupts come meanwhile (they stay set); and
   * without it where other calls took that time.
   */
  void run(int limitMillis, Call call) throws NativeFailure {
    run(limitMillis, false, call);
  }

  /**
   * The same.
   *
   * @param sends whether the call sends a message, which may be stored where it is not waited for
   */
  void run(int limitMillis, boolean sends, Call call) throws NativeFailure {
    if (Thread.currentThread().isVirtual()) {
      runElsewhere(limitMillis, GRACE_MILLIS, "the call", sends, call);
    } else {
      call.run();
    }
  }

  /**
   * On another thread, also for a platform thread: a call that takes longer than its limit is left there. It must have
   * no effect but what it tells.
   *
   * @param name of the call
   */
  void runAtMost(int limitMillis, String name, Call call) throws NativeFailure {
    runElsewhere(limitMillis, 0, name, false, call);
  }

  private void runElsewhere(int limitMillis, int graceMillis, String name, boolean sends, Call call)
      throws NativeFailure {
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
          interrupted = true;
        } catch (TimeoutException e) {
          boolean withdrawn = task.giveUp();
          if (withdrawn || waitMillis >= limitMillis + graceMillis) {
            pool.remove(task);
            throw tooLate(limitMillis, name, withdrawn, sends);
          }
          // It runs, and ends soon, unless it began late.
          waitMillis = limitMillis + graceMillis;
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

  private static RocketMqException tooLate(
      int limitMillis, String name, boolean withdrawn, boolean sends) {
    String reason =
        withdrawn
            ? " did not begin within "
                + limitMillis
                + " ms, as "
                + MOST_THREADS
                + " calls of other threads wait for servers too"
            : " did not end within " + limitMillis + " ms: it goes on, and may take effect yet";
    return RocketMqException.builder(ErrorKind.TIMEOUT, name + reason)
        .mayBeStored(sends && !withdrawn)
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
