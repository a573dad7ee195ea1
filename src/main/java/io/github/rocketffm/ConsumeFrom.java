package io.github.rocketffm;

import java.time.Instant;
import java.util.Objects;

/** Where a group without a stored offset starts. */
public sealed interface ConsumeFrom {
  /**
   * With what comes from now on; as with Apache's client, at the beginning of a queue that is young (its first message
   * is still there, in the broker's memory), so that a group misses nothing of a queue that comes later.
   *
   * @return the place
   */
  static ConsumeFrom lastOffset() {
    return new LastOffset();
  }

  /**
   * With the oldest message that the brokers still have.
   *
   * @return the place
   */
  static ConsumeFrom firstOffset() {
    return new FirstOffset();
  }

  /**
   * With the first message stored at or after a point in time.
   *
   * @param instant the point, in milliseconds' precision
   * @return the place
   */
  static ConsumeFrom timestamp(Instant instant) {
    return new Timestamp(instant);
  }

  /** See {@link ConsumeFrom#lastOffset()}. */
  record LastOffset() implements ConsumeFrom {}

  /** See {@link ConsumeFrom#firstOffset()}. */
  record FirstOffset() implements ConsumeFrom {}

  /**
   * See {@link ConsumeFrom#timestamp}.
   *
   * @param instant the point
   */
  record Timestamp(Instant instant) implements ConsumeFrom {
    /** Checks that milliseconds since 1970 can express it. */
    public Timestamp {
      Objects.requireNonNull(instant, "instant");
      try {
        instant.toEpochMilli();
      } catch (ArithmeticException e) {
        throw InvalidArgumentException.of(
            "instant", instant, "no message can carry it, so give a nearer one");
      }
    }
  }
}
