package io.github.rocketffm;

/** Counters since the start, and gauges. More may be added. */
public interface ProducerStatistics {
  /**
   * Synchronous and asynchronous sends.
   *
   * @return their number
   */
  long sendsAccepted();

  /**
   * Those acknowledged.
   *
   * @return their number
   */
  long sendsSucceeded();

  /**
   * Those that failed.
   *
   * @return their number
   */
  long sendsFailed();

  /**
   * Attempts after the first.
   *
   * @return their number
   */
  long sendsRetried();

  /**
   * One-way sends.
   *
   * @return their number
   */
  long oneWaySends();

  /**
   * Sends that have not ended.
   *
   * @return their number
   */
  long inFlightCount();

  /**
   * The bytes of their bodies.
   *
   * @return the bytes
   */
  long inFlightBytes();

  /**
   * Transactions begun and not ended.
   *
   * @return their number
   */
  long openTransactions();

  /**
   * Checks of transactions that wait or are not answered.
   *
   * @return their number
   */
  long pendingChecks();

  /**
   * Requests that wait for their replies.
   *
   * @return their number
   */
  long waitingRequests();
}
