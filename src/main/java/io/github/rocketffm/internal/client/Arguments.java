package io.github.rocketffm.internal.client;

import io.github.rocketffm.InvalidArgumentException;
import java.time.Duration;
import java.util.Objects;

/** Checks of arguments; the native library knows the upper limits of most. */
final class Arguments {
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofMinutes(10);

  /** Of all settings, consumeTimeout. */
  private static final Duration LARGEST = Duration.ofDays(1);

  private Arguments() {}

  /** Whole milliseconds, 1 and up. */
  static int millis(String name, Duration duration) {
    Objects.requireNonNull(duration, name);
    if (duration.compareTo(SHORTEST) < 0 || duration.compareTo(LARGEST) > 0) {
      throw InvalidArgumentException.of(
          name, duration, "give 1 ms or more, and what the method allows at most");
    }
    return (int) duration.toMillis();
  }

  /** Whole milliseconds of a timeout for a single call. */
  static int timeoutMillis(String name, Duration timeout) {
    return limitedMillis(name, timeout, SHORTEST);
  }

  /** Whole milliseconds, 0 to 10 min. */
  static int closeMillis(Duration timeout) {
    return limitedMillis("timeout", timeout, Duration.ZERO);
  }

  private static int limitedMillis(String name, Duration timeout, Duration shortest) {
    Objects.requireNonNull(timeout, name);
    if (timeout.compareTo(shortest) < 0 || timeout.compareTo(LONGEST) > 0) {
      throw InvalidArgumentException.of(
          name, timeout, "give " + shortest.toMillis() + " ms to 10 min");
    }
    return (int) timeout.toMillis();
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
