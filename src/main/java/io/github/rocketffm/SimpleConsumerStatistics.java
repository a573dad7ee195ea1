package io.github.rocketffm;

/**
 * Counters since the start, and a gauge.
 *
 * @param receives receives that were begun
 * @param pops requests for messages that a broker answered
 * @param messagesReceived messages that brokers gave
 * @param messagesFiltered of them, those that the tags do not ask for
 * @param messagesLeftOut what a broker gave and could not be read or acknowledged: it comes again
 * @param messagesAcknowledged messages whose acknowledgement a broker took
 * @param invisibleChanges changes of the invisible duration that a broker took
 * @param callsInFlight receives, acknowledgements and changes under way
 */
public record SimpleConsumerStatistics(
    long receives,
    long pops,
    long messagesReceived,
    long messagesFiltered,
    long messagesLeftOut,
    long messagesAcknowledged,
    long invisibleChanges,
    long callsInFlight) {}
