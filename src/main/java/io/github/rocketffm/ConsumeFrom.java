package io.github.rocketffm;

import java.time.Instant;

/** Where a group without a stored offset starts. */
public final class ConsumeFrom {
  final int code;
  final long timestampMillis;

  private ConsumeFrom(int code, long timestampMillis) {
    this.code = code;
    this.timestampMillis = timestampMillis;
  }

  /**
   * With what comes from now on; as with Apache's client, at the beginning of a queue that is young (its first message
   * is still there, in the broker's memory), so that a group misses nothing of a queue that comes later.
   *
   * @return the place
   */
  public static ConsumeFrom lastOffset() {
    return new ConsumeFrom(0, 0);
  }

  /**
   * With the oldest message that the brokers still have.
   *
   * @return the place
   */
  public static ConsumeFrom firstOffset() {
    return new ConsumeFrom(1, 0);
  }

  /**
   * With the first message stored at or after a point in time.
   *
   * @param instant the point, in milliseconds' precision
   * @return the place
   */
  public static ConsumeFrom timestamp(Instant instant) {
    return new ConsumeFrom(2, ClientBuilder.epochMillis("instant", instant));
  }
}
