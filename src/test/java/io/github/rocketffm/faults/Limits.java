package io.github.rocketffm.faults;

/**
 * What a scenario must keep to, beside losing nothing, order per key and each send's deadline.
 *
 * @param healthyGap the longest time without a message published to, or consumed from, the healthy brokers, in seconds
 * @param failedShare the largest share of failed sends among those that may go to any broker
 * @param duplicateShare the largest share of messages that are delivered more than once, among all sends
 * @param recovery within how many seconds after the fault every queue is consumed
 */
record Limits(double healthyGap, double failedShare, double duplicateShare, double recovery) {
  static final Limits STRICT = new Limits(1, 0.02, 0.1, 30);

  Limits healthyGap(double seconds) {
    return new Limits(seconds, failedShare, duplicateShare, recovery);
  }

  Limits failedShare(double share) {
    return new Limits(healthyGap, share, duplicateShare, recovery);
  }

  Limits duplicateShare(double share) {
    return new Limits(healthyGap, failedShare, share, recovery);
  }
}
