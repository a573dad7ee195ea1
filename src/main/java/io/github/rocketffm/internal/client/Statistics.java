package io.github.rocketffm.internal.client;

import io.github.rocketffm.ProducerStatistics;
import io.github.rocketffm.PushConsumerStatistics;
import io.github.rocketffm.SimpleConsumerStatistics;
import java.time.Instant;
import java.util.Optional;

/** Reads statistics out of the numbers that the library gives, in their order. */
final class Statistics {
  private Statistics() {}

  private record OfProducer(
      long sendsAccepted,
      long sendsSucceeded,
      long sendsFailed,
      long sendsRetried,
      long oneWaySends,
      long inFlightCount,
      long inFlightBytes,
      long openTransactions,
      long pendingChecks,
      long waitingRequests)
      implements ProducerStatistics {}

  static ProducerStatistics producer(long[] v) {
    return new OfProducer(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]);
  }

  private record OfPushConsumer(
      long pulls,
      long messagesReceived,
      long messagesFiltered,
      long messagesDelivered,
      long messagesConsumed,
      long messagesSentBack,
      long messagesUndecodable,
      long rebalances,
      long assignedQueues,
      long cachedMessages,
      long cachedBytes,
      long outstandingBatches,
      Optional<Instant> lastPull,
      Optional<Instant> lastConsume)
      implements PushConsumerStatistics {}

  static PushConsumerStatistics pushConsumer(long[] v) {
    return new OfPushConsumer(
        v[0],
        v[1],
        v[2],
        v[3],
        v[4],
        v[5],
        v[6],
        v[7],
        v[8],
        v[9],
        v[10],
        v[11],
        time(v[12]),
        time(v[13]));
  }

  private static Optional<Instant> time(long millis) {
    return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  private record OfSimpleConsumer(
      long receives,
      long pops,
      long messagesReceived,
      long messagesFiltered,
      long messagesLeftOut,
      long messagesAcknowledged,
      long invisibleChanges,
      long callsInFlight)
      implements SimpleConsumerStatistics {}

  static SimpleConsumerStatistics simpleConsumer(long[] v) {
    return new OfSimpleConsumer(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
  }
}
