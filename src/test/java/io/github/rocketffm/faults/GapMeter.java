package io.github.rocketffm.faults;

/** The longest time between two events, from its start to its end. Any thread. */
final class GapMeter {
  private long last = System.nanoTime();
  private long longest;
  private boolean stopped;

  synchronized void event() {
    long now = System.nanoTime();
    if (!stopped) {
      longest = Math.max(longest, now - last);
    }
    last = now;
  }

  /** Begins anew. */
  synchronized void start() {
    last = System.nanoTime();
    longest = 0;
    stopped = false;
  }

  synchronized void stop() {
    event();
    stopped = true;
  }

  synchronized double seconds() {
    return longest / 1e9;
  }
}
