package io.github.rocketffm;

/** Counters since the start, and a gauge. More may be added. */
public interface SimpleConsumerStatistics {
  /**
   * Receives that were begun.
   *
   * @return their number
   */
  long receives();

  /**
   * Requests for messages that a broker answered.
   *
   * @return their number
   */
  long pops();

  /**
   * Messages that brokers gave.
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
   * What a broker gave and could not be read or acknowledged: it comes again.
   *
   * @return their number
   */
  long messagesLeftOut();

  /**
   * Messages whose acknowledgement a broker took.
   *
   * @return their number
   */
  long messagesAcknowledged();

  /**
   * Changes of the invisible duration that a broker took.
   *
   * @return their number
   */
  long invisibleChanges();

  /**
   * Receives, acknowledgements and changes under way.
   *
   * @return their number
   */
  long callsInFlight();
}
