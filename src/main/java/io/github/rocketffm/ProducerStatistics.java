package io.github.rocketffm;

/**
 * Counters since the start, and gauges.
 *
 * @param sendsAccepted synchronous and asynchronous sends
 * @param sendsSucceeded those acknowledged
 * @param sendsFailed those that failed
 * @param sendsRetried attempts after the first
 * @param oneWaySends one-way sends
 * @param inFlightCount sends that have not ended
 * @param inFlightBytes the bytes of their bodies
 * @param openTransactions transactions begun and not ended
 * @param pendingChecks checks of transactions that wait or are not answered
 * @param waitingRequests requests that wait for their replies
 */
public record ProducerStatistics(
    long sendsAccepted,
    long sendsSucceeded,
    long sendsFailed,
    long sendsRetried,
    long oneWaySends,
    long inFlightCount,
    long inFlightBytes,
    long openTransactions,
    long pendingChecks,
    long waitingRequests) {}
