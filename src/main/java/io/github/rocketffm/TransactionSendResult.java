package io.github.rocketffm;

import java.util.Objects;
import java.util.Optional;

/**
 * The end of {@link Producer#sendInTransaction}.
 *
 * @param sendResult what the broker acknowledged of the half message
 * @param state what the listener said; {@link TransactionState#ROLLBACK} where the half message was not stored with
 *     {@link SendStatus#SEND_OK}, and the listener not called
 * @param failure what the listener threw, or why the broker could not be told: it will ask
 */
public record TransactionSendResult(
    SendResult sendResult, TransactionState state, Optional<Throwable> failure) {
  /** Refuses nulls. */
  public TransactionSendResult {
    Objects.requireNonNull(sendResult, "sendResult");
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(failure, "failure");
  }
}
