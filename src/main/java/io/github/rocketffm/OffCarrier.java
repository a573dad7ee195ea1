package io.github.rocketffm;

import io.github.rocketffm.internal.NativeFailure;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Native calls that block hold a virtual thread's carrier: they run on a platform thread in its place. */
final class OffCarrier {
  /** As many as block at a time; each ends soon after its last call. */
  private static final class Threads {
    static final ExecutorService POOL =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            5,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("rocketmq-blocking-", 1).factory());
  }

  /** A native call that blocks. */
  interface Call {
    void run() throws NativeFailure;
  }

  private OffCarrier() {}

  /** Ends with the call, whatever interrupts come meanwhile (they stay set). */
  static void run(Call call) throws NativeFailure {
    if (!Thread.currentThread().isVirtual()) {
      call.run();
      return;
    }
    Future<?> ended =
        Threads.POOL.submit(
            () -> {
              call.run();
              return null;
            });
    boolean interrupted = false;
    try {
      for (; ; ) {
        try {
          ended.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
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

  /** For what does not fail. */
  static void runUninterrupted(Runnable call) {
    try {
      run(call::run);
    } catch (NativeFailure e) {
      throw new IllegalStateException(e);
    }
  }
}
