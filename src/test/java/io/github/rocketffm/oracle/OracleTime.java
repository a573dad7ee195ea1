package io.github.rocketffm.oracle;

import java.time.Duration;

/**
 * How long the oracles apply their load: a minute each, about, or so many seconds as the property {@code
 * rocketmq.oracle.seconds} says, for many repetitions.
 */
final class OracleTime {
  private static final long MINUTE = 60;
  private static final long SECONDS = Long.getLong("rocketmq.oracle.seconds", MINUTE);

  private OracleTime() {}

  /** The share of a time that is meant for a minute of load. */
  static Duration of(Duration inAMinute) {
    return inAMinute.multipliedBy(SECONDS).dividedBy(MINUTE);
  }

  /** The share of a number that a minute of load reaches at least. */
  static int of(int inAMinute) {
    return (int) (inAMinute * SECONDS / MINUTE);
  }
}
