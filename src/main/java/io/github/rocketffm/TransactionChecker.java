package io.github.rocketffm;

/**
 * Tells what became of a transaction that nobody ended: the process died in between, or the end got lost. Runs on the
 * executor of {@link ProducerBuilder#transactionExecutor}, several at a time. Brokers ask any live producer of the
 * group, so that the answer must be found where all of them can look: in the database that the local transaction wrote
 * to, by the message's id or keys.
 */
@FunctionalInterface
public interface TransactionChecker {
  /**
   * Looks up what became of a transaction. What is thrown, and {@code null}, count as
   * {@link TransactionState#UNKNOWN}: the broker asks again (every 30 s, 15 times as RocketMQ ships), and then drops
   * the message.
   *
   * @param message the half message; its id is that of {@link Transaction#messageId()} and of the half's
   *     {@link SendResult}
   * @return what became of it
   * @throws Exception to be asked again
   */
  TransactionState check(ReceivedMessage message) throws Exception;
}
