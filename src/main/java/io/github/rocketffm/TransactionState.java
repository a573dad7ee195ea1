package io.github.rocketffm;

/** What became of a transaction. */
public enum TransactionState {
  /** Not decided yet: the broker shall ask later. */
  UNKNOWN,
  /** The message is to be delivered. */
  COMMIT,
  /** The message is never to be delivered. */
  ROLLBACK
}
