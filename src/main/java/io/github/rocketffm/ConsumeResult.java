package io.github.rocketffm;

import java.time.Duration;
import java.util.Objects;

/**
 * What a listener made of a message or a batch. A broadcasting consumer passes over what is not consumed, whatever
 * the rest says.
 *
 * @param successCount of a batch, how many from its beginning are consumed; -1: all, so that there is no rest, and
 *     {@code delayLevel} and {@code suspension} must be zero
 * @param delayLevel when the rest comes again: 0, by the broker's schedule; 1 and up, that delay level (not of an
 *     orderly consumer); -1, no more (dead-letter queue)
 * @param suspension of an orderly consumer only: how long the queue rests before the rest comes again; 10 ms to 30 s,
 *     or zero for the consumer's own setting
 */
public record ConsumeResult(int successCount, int delayLevel, Duration suspension) {
  private static final Duration SHORTEST_SUSPENSION = Duration.ofMillis(10);
  private static final Duration LONGEST_SUSPENSION = Duration.ofSeconds(30);

  /** Checks the ranges. */
  public ConsumeResult {
    Objects.requireNonNull(suspension, "suspension");
    if (successCount < -1) {
      throw InvalidArgumentException.of(
          "successCount is " + successCount + ": give -1 for all, or 0 and up");
    }
    if (delayLevel < -1) {
      throw InvalidArgumentException.of(
          "delayLevel is "
              + delayLevel
              + ": give -1 for the dead-letter queue, 0, or a level from 1");
    }
    if (!suspension.isZero()
        && (suspension.compareTo(SHORTEST_SUSPENSION) < 0
            || suspension.compareTo(LONGEST_SUSPENSION) > 0)) {
      throw InvalidArgumentException.of("suspension is " + suspension + ", outside 10 ms to 30 s");
    }
    if (successCount == -1 && (delayLevel != 0 || !suspension.isZero())) {
      throw InvalidArgumentException.of(
          (delayLevel != 0 ? "delayLevel is " + delayLevel : "suspension is " + suspension)
              + " where all messages are consumed (successCount is -1), so that none comes again: begin with RETRY"
              + " where none is consumed, or with consumed(count)");
    }
  }

  /**
   * Without a suspension.
   *
   * @param successCount as of the record
   * @param delayLevel as of the record
   */
  public ConsumeResult(int successCount, int delayLevel) {
    this(successCount, delayLevel, Duration.ZERO);
  }

  /** Consumed, all of it. */
  public static final ConsumeResult SUCCESS = new ConsumeResult(-1, 0);

  /** Not consumed: to be delivered again by the broker's schedule; of an orderly consumer, in place. */
  public static final ConsumeResult RETRY = new ConsumeResult(0, 0);

  /** Never to be delivered again: to the group's dead-letter queue. */
  public static final ConsumeResult DEAD_LETTER = new ConsumeResult(0, -1);

  /**
   * Not consumed: to be delivered again after a delay level of the broker. Not of an orderly consumer.
   *
   * @param delayLevel 1 and up (as RocketMQ ships, to 18: 1 s to 2 h; a broker takes a higher one for its highest)
   * @return the result
   */
  public static ConsumeResult retryAfterLevel(int delayLevel) {
    return RETRY.thenRetryAfterLevel(delayLevel);
  }

  /**
   * Of an orderly consumer: not consumed. The queue rests, and then the same messages come again, before those
   * behind them.
   *
   * @param duration 10 ms to 30 s
   * @return the result
   */
  public static ConsumeResult suspend(Duration duration) {
    return RETRY.thenSuspend(duration);
  }

  /**
   * Of a batch, the first messages are consumed, and the rest shall be delivered again.
   *
   * @param count how many are consumed, 0 to the batch's size
   * @return the result
   */
  public static ConsumeResult consumed(int count) {
    if (count < 0) {
      throw InvalidArgumentException.of("count is " + count + ": give 0 or more");
    }
    return new ConsumeResult(count, 0);
  }

  /**
   * The same messages consumed, and the rest delivered again after a delay level of the broker. Not of an orderly
   * consumer.
   *
   * @param delayLevel 1 and up (as RocketMQ ships, to 18: 1 s to 2 h; a broker takes a higher one for its highest)
   * @return the result
   * @throws InvalidArgumentException for a level below 1, and of {@link #SUCCESS}, which leaves no rest
   */
  public ConsumeResult thenRetryAfterLevel(int delayLevel) {
    if (delayLevel < 1) {
      throw InvalidArgumentException.of("delayLevel is " + delayLevel + ": give 1 or more");
    }
    return new ConsumeResult(successCount, delayLevel);
  }

  /**
   * The same messages consumed, and the rest delivered again after the queue has rested. Of an orderly consumer.
   *
   * @param duration 10 ms to 30 s
   * @return the result
   * @throws InvalidArgumentException for a time out of range, and of {@link #SUCCESS}, which leaves no rest
   */
  public ConsumeResult thenSuspend(Duration duration) {
    if (Objects.requireNonNull(duration, "duration").isZero()) {
      throw InvalidArgumentException.of("duration is " + duration + ", outside 10 ms to 30 s");
    }
    return new ConsumeResult(successCount, 0, duration);
  }

  /**
   * The same messages consumed, and the rest never delivered again: to the group's dead-letter queue.
   *
   * @return the result
   * @throws InvalidArgumentException of {@link #SUCCESS}, which leaves no rest
   */
  public ConsumeResult thenDeadLetter() {
    return new ConsumeResult(successCount, -1);
  }
}
