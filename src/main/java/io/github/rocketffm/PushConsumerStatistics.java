package io.github.rocketffm;

import java.time.Instant;
import java.util.Optional;

/** Counters since the start, and gauges. More may be added. */
public interface PushConsumerStatistics {
  /**
   * Pulls that a broker answered.
   *
   * @return their number
   */
  long pulls();

  /**
   * Messages pulled.
   *
   * @return their number
   */
  long messagesReceived();

  /**
   * Of them, those that the tags do not ask for.
   *
   * @return their number
   */
  long messagesFiltered();

  /**
   * Messages given to the listener.
   *
   * @return their number
   */
  long messagesDelivered();

  /**
   * Messages acknowledged as consumed.
   *
   * @return their number
   */
  long messagesConsumed();

  /**
   * Messages given back for another delivery.
   *
   * @return their number
   */
  long messagesSentBack();

  /**
   * Messages that could not be read, and were stepped over.
   *
   * @return their number
   */
  long messagesUndecodable();

  /**
   * Rounds of rebalance.
   *
   * @return their number
   */
  long rebalances();

  /**
   * Queues that this consumer has now.
   *
   * @return their number
   */
  long assignedQueues();

  /**
   * Messages held now.
   *
   * @return their number
   */
  long cachedMessages();

  /**
   * The bytes of their bodies.
   *
   * @return the bytes
   */
  long cachedBytes();

  /**
   * Batches given out and not yet acknowledged.
   *
   * @return their number
   */
  long outstandingBatches();

  /**
   * When a broker last answered a pull.
   *
   * @return the time, where it ever did
   */
  Optional<Instant> lastPull();

  /**
   * When a batch was last acknowledged.
   *
   * @return the time, where it ever did
   */
  Optional<Instant> lastConsume();
}
