package io.github.rocketffm;

/**
 * Counters since the start, and gauges.
 *
 * @param pulls pulls that a broker answered
 * @param messagesReceived messages pulled
 * @param messagesFiltered of them, those that the tags do not ask for
 * @param messagesDelivered messages given to the listener
 * @param messagesConsumed messages acknowledged as consumed
 * @param messagesSentBack messages given back for another delivery
 * @param messagesUndecodable messages that could not be read, and were stepped over
 * @param rebalances rounds of rebalance
 * @param assignedQueues queues that this consumer has now
 * @param cachedMessages messages held now
 * @param cachedBytes the bytes of their bodies
 * @param outstandingBatches batches given out and not yet acknowledged
 * @param lastPullMillis when a broker last answered a pull, since 1970; 0: never
 * @param lastConsumeMillis when a batch was last acknowledged, since 1970; 0: never
 */
public record PushConsumerStatistics(
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
    long lastPullMillis,
    long lastConsumeMillis) {}
