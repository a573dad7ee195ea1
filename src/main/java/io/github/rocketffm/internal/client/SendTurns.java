package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.internal.memory.JavaNames;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How threads wait for their turn when too many sends are in flight: natively a virtual one would hold its carrier. The
 * library counts what is in flight; here the first one in the line tries again as sends end, and the others park behind
 * it. Any thread.
 */
final class SendTurns {
  /** Should too few end for a long time, or an end not be told. */
  private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /** Of the sends that may be in flight: so many end before it is worth trying again. */
  private static final int WAKING_PART = 8;

  private final int wakingEnds;

  /** Held by the first one. */
  private final ReentrantLock line = new ReentrantLock(true);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private final AtomicLong ends = new AtomicLong();

  /** At which number of ends the first one tries again; the largest number where it does not wait. */
  private volatile long wakeAt = Long.MAX_VALUE;

  private final String one;
  private final String remedy;

  /**
   * Of what is described as "send", say.
   *
   * @param remedy what to do where there is no room for another one
   * @param mostInFlight the library's limit
   */
  SendTurns(String one, String remedy, int mostInFlight) {
    this.one = one;
    this.remedy = remedy;
    wakingEnds = Math.max(1, mostInFlight / WAKING_PART);
  }

  /** A send within a limit of time, in milliseconds; TOO_MANY_REQUESTS says that there is no room for it yet. */
  interface Attempt {
    void within(int millis) throws NativeFailure;
  }

  /** Begins it as soon as there is room. */
  void begin(int limitMillis, Attempt attempt) throws NativeFailure {
    if (!line.isLocked() && failure(attempt, limitMillis) == null) {
      return;
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
    try {
      if (!line.tryLock(limitMillis, TimeUnit.MILLISECONDS)) {
        throw noRoom(limitMillis, remedy);
      }
      try {
        beginFirst(limitMillis, deadline, attempt);
      } finally {
        line.unlock();
      }
    } catch (InterruptedException e) {
      throw Failures.interrupted(
          "the thread was interrupted while it waited for its turn; nothing was sent", false);
    }
  }

  private void beginFirst(int limitMillis, long deadline, Attempt attempt)
      throws NativeFailure, InterruptedException {
    String reason = remedy;
    for (; ; ) {
      long before = ends.get();
      long nanos = deadline - System.nanoTime();
      int left = (int) TimeUnit.NANOSECONDS.toMillis(nanos);
      if (left < 1) {
        throw noRoom(limitMillis, reason);
      }
      NativeFailure failure = failure(attempt, left);
      if (failure == null) {
        return;
      }
      reason = JavaNames.in(failure.error().message(), failure.error().remark());
      awaitEnds(before + wakingEnds, Math.min(nanos, LONGEST_WAIT_NANOS));
    }
  }

  /** Null where it began; else that there is no room for it yet. */
  private static NativeFailure failure(Attempt attempt, int limitMillis) throws NativeFailure {
    try {
      attempt.within(limitMillis);
      return null;
    } catch (NativeFailure e) {
      if (Failures.kind(e.error().status()) != ErrorKind.TOO_MANY_REQUESTS) {
        throw e;
      }
      return e;
    }
  }

  private void awaitEnds(long number, long nanos) throws InterruptedException {
    lock.lock();
    try {
      wakeAt = number;
      long left = nanos;
      while (ends.get() < number && left > 0) {
        left = ended.awaitNanos(left);
      }
    } finally {
      wakeAt = Long.MAX_VALUE;
      lock.unlock();
    }
  }

  private RocketMqException noRoom(int limitMillis, String reason) {
    return Failures.of(
        ErrorKind.TOO_MANY_REQUESTS,
        "no room for another " + one + " came within " + limitMillis + " ms: " + reason);
  }

  /** A send has ended. */
  void ended() {
    if (ends.incrementAndGet() >= wakeAt) {
      lock.lock();
      try {
        ended.signal();
      } finally {
        lock.unlock();
      }
    }
  }
}
