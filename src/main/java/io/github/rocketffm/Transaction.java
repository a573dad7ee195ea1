package io.github.rocketffm;

import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * <p>The first decision counts: a {@code commit} after a {@code commit} does nothing when that succeeded, and tries again
 * when that failed; a {@code rollback} after a {@code commit}, and the reverse, is refused. Whatever does not reach the
 * broker, the producer's {@link TransactionChecker} is asked later.
 */
public final class Transaction implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Transaction.class);

  private final Producer producer;
  private final SendResult half;
  private final ReentrantLock lock = new ReentrantLock();
  private TransactionState decision;
  private boolean ended;

  Transaction(Producer producer, SendResult half) {
    this.producer = producer;
    this.half = half;
  }

  /**
   * What the broker acknowledged of the message.
   *
   * @return the result, with the status {@link SendStatus#SEND_OK}
   */
  public SendResult sendResult() {
    return half;
  }

  /**
   * The message's id, by which the {@link TransactionChecker} knows it again.
   *
   * @return 32 upper-case hexadecimal digits
   */
  public String messageId() {
    return half.messageId();
  }

  /**
   * Has the message delivered. On return the request was handed to the connection.
   *
   * @throws RocketMqException INVALID_STATE after {@link #rollback} and {@link #close}; UNREACHABLE and others when the
   *     broker could not be told: call it again, or leave it to the checker, which must then say
   *     {@link TransactionState#COMMIT}
   */
  public void commit() {
    end(TransactionState.COMMIT);
  }

  /**
   * Has the message never delivered.
   *
   * @throws RocketMqException INVALID_STATE after {@link #commit}; UNREACHABLE and others when the broker could not be
   *     told
   */
  public void rollback() {
    end(TransactionState.ROLLBACK);
  }

  private void end(TransactionState state) {
    lock.lock();
    try {
      if (decision != null && decision != state) {
        throw RocketMqException.of(
            ErrorKind.INVALID_STATE,
            "the transaction of message "
                + messageId()
                + " cannot get "
                + state
                + ": "
                + decision
                + " was asked for before");
      }
      decision = state;
      if (!ended) {
        producer.endTransaction(half.transaction(), state);
        ended = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Rolls back what was not decided; does nothing otherwise. Does not throw: a broker that cannot be told asks the
   * checker.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      if (decision == null) {
        rollback();
      }
    } catch (RocketMqException e) {
      LOGGER.warn(
          "the transaction of message {} was not rolled back: the broker will ask", messageId(), e);
    } finally {
      lock.unlock();
    }
  }
}
