package io.github.rocketffm;

/** Native calls that block hold a virtual thread's carrier: they run on a platform thread in its place. */
final class OffCarrier {
  private OffCarrier() {}

  static void run(String name, Runnable call) {
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
