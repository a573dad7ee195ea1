package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.internal.memory.NativeSendResult;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A transaction of a producer. */
final class DefaultTransaction implements Transaction {
  private static final Logger LOGGER = LoggerFactory.getLogger(Transaction.class);

  private final ProducerTransactions transactions;
  private final NativeSendResult half;
  private final ReentrantLock lock = new ReentrantLock();
  private TransactionState decision;
  private boolean ended;

  /** Of the last end that nobody waited for; null before the first. */
  private CompletableFuture<Void> ending;

  DefaultTransaction(ProducerTransactions transactions, NativeSendResult half) {
    this.transactions = transactions;
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

  @Override
  public CompletableFuture<Void> commitAsync() {
    return endAsync(TransactionState.COMMIT);
  }

  @Override
  public CompletableFuture<Void> rollbackAsync() {
    return endAsync(TransactionState.ROLLBACK);
  }

  private void decide(TransactionState state) {
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
  }

  private void end(TransactionState state) {
    lock.lock();
    try {
      decide(state);
      // One that is under way without this thread is refused a second time: it has its own future.
      if (!ended && !endedMeanwhile()) {
        transactions.end(half.transaction(), state);
        ended = true;
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean endedMeanwhile() {
    return ending != null && ending.isDone() && !ending.isCompletedExceptionally();
  }

  private CompletableFuture<Void> endAsync(TransactionState state) {
    if (!lock.tryLock()) {
      return CompletableFuture.failedFuture(
          Failures.of(
              ErrorKind.INVALID_STATE,
              "the transaction of message " + messageId() + " is being ended by another call"));
    }
    try {
      decide(state);
      if (ended) {
        return CompletableFuture.completedFuture(null);
      }
      // One that failed may be tried again.
      if (ending == null || ending.isCompletedExceptionally()) {
        ending = transactions.endAsync(half.transaction(), state);
      }
      // What a user does to the future must not change what is known of the end.
      LibraryFuture<Void> told = new LibraryFuture<>();
      ending.whenComplete(
          (end, failure) -> {
            if (failure == null) {
              told.complete(end);
            } else {
              told.completeExceptionally(failure);
            }
          });
      return told;
    } catch (RocketMqException e) {
      return CompletableFuture.failedFuture(e);
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
