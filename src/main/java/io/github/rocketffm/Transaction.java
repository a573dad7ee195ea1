package io.github.rocketffm;

import java.util.concurrent.CompletableFuture;

/**
 * A message that is stored, and delivered once this is committed. For any thread.
 *
 * <pre>{@code
 * try (Transaction transaction = producer.begin(message)) {
 *   orders.insert(order, transaction.messageId());
 *   transaction.commit();
 * }
 * }</pre>
 *
 * <p>The first decision counts: a {@code commit} after a {@code commit} does nothing when that succeeded, and tries
 * again when that failed; a {@code rollback} after a {@code commit}, and the reverse, is refused. Whatever does not
 * reach the broker, the producer's {@link TransactionChecker} is asked later.
 */
public interface Transaction extends AutoCloseable {
  /**
   * What the broker acknowledged of the message.
   *
   * @return the result, with the status {@link SendStatus#SEND_OK}
   */
  SendResult sendResult();

  /**
   * The message's id, by which the {@link TransactionChecker} knows it again.
   *
   * @return 32 upper-case hexadecimal digits
   */
  String messageId();

  /**
   * Has the message delivered. On return the request was handed to the connection.
   *
   * @throws RocketMqException INVALID_STATE after {@link #rollback} and {@link #close}; UNREACHABLE and others when the
   *     broker could not be told: call it again, or leave it to the checker, which must then say
   *     {@link TransactionState#COMMIT}
   */
  void commit();

  /**
   * Has the message never delivered.
   *
   * @throws RocketMqException INVALID_STATE after {@link #commit}; UNREACHABLE and others when the broker could not be
   *     told
   */
  void rollback();

  /**
   * Has the message delivered, without waiting for the request to be handed over. Until that has ended, {@link
   * #commit} is refused with INVALID_STATE, and a second call gives the same end. Refused while the producer is
   * closing.
   *
   * @return the end, or what {@link #commit} throws
   */
  CompletableFuture<Void> commitAsync();

  /**
   * Has the message never delivered, without waiting for the request to be handed over; as {@link #commitAsync}.
   *
   * @return the end, or what {@link #rollback} throws
   */
  CompletableFuture<Void> rollbackAsync();

  /**
   * Rolls back what was not decided; does nothing otherwise. Does not throw: a broker that cannot be told asks the
   * checker.
   */
  @Override
  void close();
}
