package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.internal.calls.Ended;
import io.github.rocketffm.internal.calls.NativeProducer;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeSendResult;

/** One asynchronous begin of a transaction. Keeps its producer reachable. */
final class TransactionFuture extends LibraryFuture<Transaction>
    implements NativeProducer.Completion, Ended {
  private final DefaultProducer producer;
  private final ProducerTransactions transactions;
  private final String topic;

  /** What is to be told; one of the two is null. */
  private NativeSendResult half;

  private NativeError error;

  /** Once it was told. */
  private DefaultTransaction begun;

  TransactionFuture(DefaultProducer producer, ProducerTransactions transactions, String topic) {
    this.producer = producer;
    this.transactions = transactions;
    this.topic = topic;
  }

  /** Where the message was not stored as safely as asked, which rolled it back. */
  static RocketMqException rolledBack(NativeSendResult half) {
    return Failures.of(
        ErrorKind.REJECTED,
        "the half message "
            + half.messageId()
            + " was stored with the status "
            + half.status()
            + " in place of SEND_OK, and was rolled back: begin again");
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public Ended ended(NativeSendResult sent, NativeError failure) {
    half = sent;
    error = failure;
    return this;
  }

  /** Again does not begin another one, and takes nobody's away: what is attached may have run out of memory. */
  @Override
  public void tell() {
    producer.turns.ended();
    if (error != null) {
      completeExceptionally(Failures.ofEnd(error));
    } else if (half.transaction() == 0) {
      completeExceptionally(rolledBack(half));
    } else {
      if (begun == null) {
        begun = new DefaultTransaction(transactions, half);
      }
      if (!complete(begun) && (isCompletedExceptionally() || getNow(null) != begun)) {
        // Nobody will decide it, as the future was cancelled: the broker need not ask.
        begun.rollbackAsync();
      }
    }
  }
}
