package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.Message;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionListener;
import io.github.rocketffm.TransactionSendResult;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.internal.calls.NativeProducer;
import io.github.rocketffm.internal.memory.NativeSendResult;
import io.github.rocketffm.internal.memory.OutgoingMessage;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;

/** The transactions of a producer. */
final class ProducerTransactions {
  private final DefaultProducer producer;
  private final NativeProducer nativeProducer;

  /** Null for a producer without transactions. */
  private final TransactionChecks checks;

  private final int sendTimeoutMillis;
  private final OffCarrier offCarrier;

  ProducerTransactions(
      DefaultProducer producer,
      NativeProducer nativeProducer,
      TransactionChecks checks,
      OffCarrier offCarrier,
      int sendTimeoutMillis) {
    this.producer = producer;
    this.nativeProducer = nativeProducer;
    this.checks = checks;
    this.offCarrier = offCarrier;
    this.sendTimeoutMillis = sendTimeoutMillis;
  }

  Transaction begin(OutgoingMessage content, int timeoutMillis) {
    NativeSendResult half = sendHalf(content, timeoutMillis);
    if (half.transaction() == 0) {
      throw TransactionFuture.rolledBack(half);
    }
    return new DefaultTransaction(this, half);
  }

  CompletableFuture<Transaction> beginAsync(OutgoingMessage content, IntSupplier timeoutMillis) {
    TransactionFuture future = new TransactionFuture(producer, this, content.topic);
    future.begin(
        () -> {
          checkTransactional();
          // Limited by the transactions that are open, for whose ends nobody can wait here.
          nativeProducer.sendHalfAsync(content, timeoutMillis.getAsInt(), true, future);
        });
    return future;
  }

  private void checkTransactional() {
    if (checks == null) {
      throw Failures.of(
          ErrorKind.INVALID_STATE,
          "the producer has no checker for transactions, whom brokers ask where an end was lost: call"
              + " transactionChecker or transactionListener on the builder");
    }
  }

  private NativeSendResult sendHalf(OutgoingMessage content, int timeoutMillis) {
    checkTransactional();
    if (Thread.currentThread().isVirtual()) {
      SendFuture future = new SendFuture(producer, content.topic);
      return (NativeSendResult)
          future.awaitOf(
              () -> nativeProducer.sendHalfAsync(content, timeoutMillis, true, future),
              producer.limit(timeoutMillis),
              DefaultProducer.GOES_ON);
    }
    return producer.call(() -> nativeProducer.sendHalf(content, timeoutMillis));
  }

  /** Whatever interrupts come: what was decided is told to the broker. */
  void end(long transaction, TransactionState state) {
    producer.call(
        () -> {
          offCarrier.finish(
              sendTimeoutMillis,
              () -> nativeProducer.calls().endTransaction(transaction, state.ordinal()));
          return null;
        });
  }

  CompletableFuture<Void> endAsync(long transaction, TransactionState state) {
    CallFuture<Void> future = new CallFuture<>(producer, "", end -> null);
    future.begin(
        () -> nativeProducer.calls().endTransactionAsync(transaction, state.ordinal(), future));
    return future;
  }

  TransactionSendResult send(Message message, OutgoingMessage content, Object argument) {
    TransactionListener listener = checks == null ? null : checks.listener();
    if (listener == null) {
      throw Failures.of(
          ErrorKind.INVALID_STATE,
          "the producer has no listener to carry the local transaction out: call transactionListener on"
              + " the builder");
    }
    NativeSendResult half = sendHalf(content, 0);
    if (half.transaction() == 0) {
      return new TransactionSendResult(half, TransactionState.ROLLBACK, Optional.empty());
    }
    return checks.execute(this, message, half, argument);
  }
}
