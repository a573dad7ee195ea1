package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.internal.memory.NativeSendResult;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A transaction of a producer. */
final class DefaultTransaction implements Transaction {
  private static final Logger LOGGER = LoggerFactory.getLogger(Transaction.class);

  private final DefaultProducer producer;
  private final NativeSendResult half;
  private final ReentrantLock lock = new ReentrantLock();
  private TransactionState decision;
  private boolean ended;

  DefaultTransaction(DefaultProducer producer, NativeSendResult half) {
    this.producer = producer;
    this.half = half;
  }

  @Override
  public SendResult sendResult() {
    return half;
  }

  @Override
  public String messageId() {
    return half.messageId();
  }

  @Override
  public void commit() {
    end(TransactionState.COMMIT);
  }

  @Override
  public void rollback() {
    end(TransactionState.ROLLBACK);
  }

  private void end(TransactionState state) {
    lock.lock();
    try {
      if (decision != null && decision != state) {
        throw Failures.of(
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
