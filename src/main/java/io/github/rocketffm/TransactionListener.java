package io.github.rocketffm;

import org.jspecify.annotations.Nullable;

/** The local transaction of {@link Producer#sendInTransaction}, and the look-up of what became of it. */
public interface TransactionListener extends TransactionChecker {
  /**
   * Carries out the local transaction, on the thread that called {@link Producer#sendInTransaction}, once the half
   * message is stored. What is thrown, and {@code null}, count as {@link TransactionState#UNKNOWN}: then the broker
   * asks {@link #check}.
   *
   * @param message the message
   * @param half what the broker acknowledged; write its {@link SendResult#messageId()} down together with the local
   *     transaction, for the check
   * @param argument what was given to {@link Producer#sendInTransaction}, perhaps null
   * @return what became of it
   * @throws Exception to leave it to the check
   */
  TransactionState execute(Message message, SendResult half, @Nullable Object argument)
      throws Exception;
}
