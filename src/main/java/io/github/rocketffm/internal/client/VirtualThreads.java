package io.github.rocketffm.internal.client;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The executors of consumers and checkers that were given none. */
public final class VirtualThreads {
  private VirtualThreads() {}

  /**
   * One that starts a virtual thread for each task, and has started one: where their classes find no memory when they
   * are first used, the virtual machine never has virtual threads again.
   */
  public static ExecutorService newExecutor() {
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    executor.execute(() -> {});
    return executor;
  }
}
