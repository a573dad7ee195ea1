package io.github.rocketffm.internal.client;

import io.github.rocketffm.internal.calls.NativePushConsumer;
import java.time.Duration;

/** Tells what becomes of messages that a push consumer's listener did not consume, as far as its settings decide it. */
final class Redelivery {
  /** Of RocketMQ's brokers as they ship: the delay levels from 1 on, in seconds. */
  private static final int[] LEVEL_SECONDS = {
    1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200
  };

  /** Of the first redelivery; each further one has the next level. */
  private static final int FIRST_LEVEL = 3;

  private static final int DEFAULT_MOST_TIMES = 16;
  private static final int DEFAULT_SUSPENSION_MILLIS = 1000;
  private static final int NO_LIMIT = Integer.MAX_VALUE;

  private final String group;
  private final boolean orderly;
  private final boolean broadcasting;
  private final int mostTimes;
  private final int suspensionMillis;

  Redelivery(NativePushConsumer.Settings settings) {
    group = settings.group;
    orderly = settings.orderly;
    broadcasting = settings.broadcasting;
    mostTimes =
        switch (settings.maxReconsumeTimes) {
          case 0 -> orderly ? NO_LIMIT : DEFAULT_MOST_TIMES;
          case DefaultPushConsumerBuilder.NO_REDELIVERY -> 0;
          default -> settings.maxReconsumeTimes;
        };
    suspensionMillis =
        settings.suspendQueueMillis == 0 ? DEFAULT_SUSPENSION_MILLIS : settings.suspendQueueMillis;
  }

  String group() {
    return group;
  }

  /**
   * Which try of how many has failed, and what follows it.
   *
   * @param reconsumeTimes of the message
   * @param delayLevel of the listener's result; 0 where there is none
   */
  String after(int reconsumeTimes, int delayLevel) {
    if (broadcasting && !orderly) {
      return "try 1 of 1: it is passed over, as a broadcasting consumer gets nothing again";
    }
    String tried =
        "try "
            + (reconsumeTimes + 1L)
            + (mostTimes == NO_LIMIT ? " (there is no limit)" : " of " + (mostTimes + 1L));
    return tried + ": " + next(reconsumeTimes, delayLevel);
  }

  private String next(int reconsumeTimes, int delayLevel) {
    if (delayLevel < 0 || reconsumeTimes >= mostTimes) {
      return broadcasting
          ? "it is passed over"
          : "it goes to the dead-letter queue, the topic %DLQ%" + group;
    }
    if (orderly) {
      return "it comes again in its place after "
          + Arguments.text(Duration.ofMillis(suspensionMillis));
    }
    int level = delayLevel > 0 ? delayLevel : FIRST_LEVEL + reconsumeTimes;
    int known = LEVEL_SECONDS[Math.min(level, LEVEL_SECONDS.length) - 1];
    return "it comes again after the broker's delay level "
        + level
        + " ("
        + Arguments.text(Duration.ofSeconds(known))
        + " as RocketMQ ships)";
  }
}
