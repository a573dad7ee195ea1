package io.github.rocketffm;

/**
 * What a listener made of a message or a batch.
 *
 * @param successCount of a batch, how many from its beginning are consumed; -1: all
 * @param delayLevel when the rest comes again: 0, by the broker's schedule; 1 to 18, that delay level; -1, no
 *     more (dead-letter queue)
 */
public record ConsumeResult(int successCount, int delayLevel) {
  private static final int MOST_DELAY_LEVELS = 18;

  /** Checks the ranges. */
  public ConsumeResult {
    if (successCount < -1) {
      throw new IllegalArgumentException(
          "successCount is " + successCount + ": give -1 for all, or 0 and up");
    }
    if (delayLevel < -1 || delayLevel > MOST_DELAY_LEVELS) {
      throw new IllegalArgumentException("delayLevel is " + delayLevel + ", outside -1 to 18");
    }
  }

  /** Consumed, all of it. */
  public static final ConsumeResult SUCCESS = new ConsumeResult(-1, 0);

  /** Not consumed: to be delivered again by the broker's schedule. */
  public static final ConsumeResult RETRY = new ConsumeResult(0, 0);

  /** Never to be delivered again: to the group's dead-letter queue. */
  public static final ConsumeResult DEAD_LETTER = new ConsumeResult(0, -1);

  /**
   * Not consumed: to be delivered again after a delay level of the broker.
   *
   * @param delayLevel 1 to 18 (1 s to 2 h as RocketMQ ships)
   * @return the result
   */
  public static ConsumeResult retryAfterLevel(int delayLevel) {
    if (delayLevel < 1 || delayLevel > 18) {
      throw new IllegalArgumentException("delayLevel is " + delayLevel + ", outside 1 to 18");
    }
    return new ConsumeResult(0, delayLevel);
  }

  /**
   * Of a batch, the first messages are consumed, and the rest shall be delivered again.
   *
   * @param count how many are consumed, 0 to the batch's size
   * @return the result
   */
  public static ConsumeResult consumed(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("count is " + count + ": give 0 or more");
    }
    return new ConsumeResult(count, 0);
  }
}
