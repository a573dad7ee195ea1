package io.github.rocketffm;

import java.time.Duration;
import java.util.concurrent.Executor;

/** Builds a producer. May be used again: each start takes the settings as they are then. */
public interface ProducerBuilder extends ClientBuilder<ProducerBuilder> {
  /**
   * Limits a send with all its attempts.
   *
   * @param timeout 1 ms to 10 min; 3 s by default
   * @return this
   */
  ProducerBuilder sendTimeout(Duration timeout);

  /**
   * Limits one attempt, so that a slow broker does not eat the time of the next one: it may then store the message
   * all the same.
   *
   * @param timeout 1 ms to 10 min; by default all that is left of the send's time
   * @return this
   */
  ProducerBuilder attemptTimeout(Duration timeout);

  /**
   * Limits the attempts of a send.
   *
   * @param count 1 to 16, the first one included; 3 by default
   * @return this
   */
  ProducerBuilder maxAttempts(int count);

  /**
   * Compresses bodies of at least so many bytes.
   *
   * @param bytes 1 and up; 4,096 by default
   * @return this
   */
  ProducerBuilder compressThreshold(int bytes);

  /**
   * Compresses no body, whatever its size; a later {@link #compressThreshold} makes up for it.
   *
   * @return this
   */
  ProducerBuilder neverCompress();

  /**
   * Sets how bodies are compressed.
   *
   * @param compression {@link Compression#ZLIB} by default
   * @return this
   */
  ProducerBuilder compression(Compression compression);

  /**
   * Sets the level of the compression.
   *
   * @param level 1 to 9 for zlib, to 12 for LZ4, to 22 for Zstandard; 5 by default
   * @return this
   */
  ProducerBuilder compressLevel(int level);

  /**
   * Puts single sends together that come within the linger time: those for the same topic (and queue, or sharding
   * key, where they name one) with the same timeout go in one request. Each still has a result of its own. Delayed
   * messages, and those that are larger than a batch, go by themselves; batches are not compressed.
   *
   * @param linger how long a batch waits for more, at most half of its sends' timeout: 1 ms to 1 min
   * @return this
   */
  ProducerBuilder autoBatch(Duration linger);

  /**
   * Limits the batches of {@link #autoBatch}: one that is full goes at once.
   *
   * @param bytes 1 to the largest message; 32,768 by default
   * @param count 1 to 32,767 messages; 1,000 by default
   * @return this
   */
  ProducerBuilder autoBatchLimits(int bytes, int count);

  /**
   * Avoids brokers that answer slowly for a while, where there are others: 2 s after 550 ms, 5 s after 1.8 s, 6 s
   * after 3 s, 10 s after 5 s, 30 s after 15 s. Brokers that fail are always avoided, for 1 s, 2 s and so on up to
   * 30 s.
   *
   * @param avoid false by default
   * @return this
   */
  ProducerBuilder avoidSlowBrokers(boolean avoid);

  /**
   * Asks brokers that are avoided whether they answer again, and then uses them at once.
   *
   * @param interval how often: 1 ms to 1 h; never by default
   * @param timeout how soon they must answer: 1 ms to 10 min
   * @return this
   */
  ProducerBuilder detectBrokers(Duration interval, Duration timeout);

  /**
   * Limits the body; the broker has a limit of its own.
   *
   * @param bytes 1 to 16,711,680; 4,194,304 by default
   * @return this
   */
  ProducerBuilder maxMessageSize(int bytes);

  /**
   * Limits the asynchronous sends in flight, and apart from them the asynchronous requests that wait for replies.
   *
   * @param count 1 to 1,000,000; 1,024 by default
   * @return this
   */
  ProducerBuilder maxInFlight(int count);

  /**
   * Limits the bytes of the bodies of asynchronous sends in flight.
   *
   * @param bytes 1 and up; 104,857,600 by default
   * @return this
   */
  ProducerBuilder maxInFlightBytes(long bytes);

  /**
   * Sets how many queues a topic gets that the broker creates on demand.
   *
   * @param count 1 to 1,024; 4 by default
   * @return this
   */
  ProducerBuilder defaultTopicQueues(int count);

  /**
   * Sends again to another broker where the status is not {@link SendStatus#SEND_OK}; makes duplicates.
   *
   * @param retry false by default
   * @return this
   */
  ProducerBuilder retryAnotherBrokerWhenNotStoreOk(boolean retry);

  /**
   * Tries sends that name their queue (by a selector or a sharding key) again on that queue, too, where the message
   * may be stored already, or the broker refused it: that may make copies, which may overtake later messages of the
   * queue. Otherwise only what was not sent at all is tried again.
   *
   * @param retry false by default
   * @return this
   */
  ProducerBuilder retrySameQueue(boolean retry);

  /**
   * Sets the broker's response codes after which a send is tried again, the asynchronous ones too.
   *
   * @param codes at most 64; by default 1, 2, 14, 16, 17, 29, 204, 205 and 501 for synchronous sends, and none for
   * asynchronous ones
   * @return this
   */
  ProducerBuilder retryResponseCodes(int... codes);

  /**
   * Sets whether {@code sendAsync} and {@code requestAsync} wait for their turn when too many are in flight, at most
   * the timeout of the send or request, or the future fails with {@link TooManyRequestsException} at once. It never
   * waits in what is attached to a future of this library, where the ends come that it would wait for. A virtual thread
   * parks.
   *
   * @param block true by default
   * @return this
   */
  ProducerBuilder blockWhenFull(boolean block);

  /**
   * Runs what is attached to the futures of this producer elsewhere than on the threads of the library: the ends that
   * come together are handed over in one task. While the executor refuses, they wait; where 1,024 or more wait,
   * asynchronous calls fail with TOO_MANY_REQUESTS (with {@link #blockWhenFull}, sends and requests once their time is
   * over). Synchronous calls do not need it. An executor that blocks in {@code execute}, or runs what it is given
   * there, holds up all ends of this producer.
   *
   * @param executor the executor; not closed with the producer
   * @return this
   */
  ProducerBuilder completionExecutor(Executor executor);

  /**
   * Makes {@link Producer#sendInTransaction} and {@link Producer#begin} possible.
   *
   * @param listener carries local transactions out, and tells what became of them
   * @return this
   */
  ProducerBuilder transactionListener(TransactionListener listener);

  /**
   * Makes {@link Producer#begin} possible.
   *
   * @param checker tells what became of transactions
   * @return this
   */
  ProducerBuilder transactionChecker(TransactionChecker checker);

  /**
   * Limits the checks of transactions that wait or are not answered: what comes beyond is dropped, and the broker asks
   * again.
   *
   * @param count 1 to 100,000; 2,000 by default
   * @return this
   */
  ProducerBuilder maxPendingChecks(int count);

  /**
   * Sets how long a check counts among those that are pending; it may still be answered afterwards.
   *
   * @param timeout 10 ms to 1 h; 1 min by default
   * @return this
   */
  ProducerBuilder checkTimeout(Duration timeout);

  /**
   * Runs the checker elsewhere than on virtual threads of its own.
   *
   * @param executor the executor; not closed with the producer
   * @return this
   */
  ProducerBuilder transactionExecutor(Executor executor);

  /**
   * Starts the producer. Does not wait for any server.
   *
   * @return the producer, to be closed
   * @throws RocketMqException for settings out of range
   * @throws NativeLibraryException when the native library cannot be loaded
   */
  Producer start();
}
