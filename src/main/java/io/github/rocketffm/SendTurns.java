package io.github.rocketffm;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A place for each send in flight of virtual threads, which park until there is one. Any thread. */
final class SendTurns {
  private final Semaphore places;

  SendTurns(int count) {
    places = new Semaphore(count);
  }

  /** Takes one; returns what is left of the limit. */
  int await(int limitMillis) {
    long begin = System.nanoTime();
    try {
      if (!places.tryAcquire(limitMillis, TimeUnit.MILLISECONDS)) {
        throw RocketMqException.of(
            ErrorKind.TOO_MANY_REQUESTS,
            "no room for another send came within "
                + limitMillis
                + " ms: wait for completions, or raise maxInFlight");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RocketMqException.of(
          ErrorKind.INTERRUPTED,
          "the thread was interrupted while it waited for its turn; nothing was sent");
    }
    long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    return (int) Math.max(1, limitMillis - waited);
  }

  void release() {
    places.release();
  }
}
