package io.github.rocketffm.internal.client;

import io.github.rocketffm.InvalidArgumentException;
import java.time.Duration;
import java.util.Objects;

/** Checks of arguments; the native library knows the upper limits of most numbers. */
final class Arguments {
  private static final Duration MILLISECOND = Duration.ofMillis(1);
  private static final Duration TEN_MILLISECONDS = Duration.ofMillis(10);
  private static final Duration TEN_MINUTES = Duration.ofMinutes(10);
  private static final Duration HOUR = Duration.ofHours(1);

  private Arguments() {}

  /**
   * Whole milliseconds of a time from {@code least} to {@code most}, both included.
   *
   * @param name of the setting
   * @param parameter of the method that sets it
   */
  static int millis(
      String name, String parameter, Duration duration, Duration least, Duration most) {
    Objects.requireNonNull(duration, parameter);
    if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
      throw InvalidArgumentException.of(
          name, duration, "give " + text(least) + " to " + text(most));
    }
    return (int) duration.toMillis();
  }

  /** Whole milliseconds of what limits a call, 1 ms to 10 min. */
  static int timeoutMillis(String name, Duration timeout) {
    return millis(name, "timeout", timeout, MILLISECOND, TEN_MINUTES);
  }

  /** Whole milliseconds of what happens again and again, 10 ms to 1 h. */
  static int intervalMillis(String name, Duration interval) {
    return millis(name, "interval", interval, TEN_MILLISECONDS, HOUR);
  }

  /** Whole milliseconds, 0 to 10 min. */
  static int closeMillis(Duration timeout) {
    return millis("timeout", "timeout", timeout, Duration.ZERO, TEN_MINUTES);
  }

  /** In the largest unit of which it is a whole number. */
  static String text(Duration limit) {
    long millis = limit.toMillis();
    if (millis % 1000 != 0 || millis == 0) {
      return millis + " ms";
    }
    if (millis % 60_000 != 0) {
      return millis / 1000 + " s";
    }
    return millis % 3_600_000 == 0 ? millis / 3_600_000 + " h" : millis / 60_000 + " min";
  }

  static int positive(String name, int value) {
    return (int) positive(name, (long) value);
  }

  static long positive(String name, long value) {
    if (value < 1) {
      throw InvalidArgumentException.of(name, value, "give 1 or more");
    }
    return value;
  }
}
