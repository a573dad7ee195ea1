package io.github.rocketffm;

import io.github.rocketffm.internal.NativeProducerSettings;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;

/** The settings of {@link Producer.Builder}. */
abstract sealed class ProducerSettings extends ClientBuilder<Producer.Builder>
    permits Producer.Builder {
  final NativeProducerSettings settings = new NativeProducerSettings();
  TransactionChecker checker;
  Executor transactionExecutor;

  ProducerSettings(String group) {
    settings.group = group;
  }

  /**
   * Limits a send with all its attempts.
   *
   * @param timeout 1 ms to 10 min; 3 s by default
   * @return this
   */
  public Producer.Builder sendTimeout(Duration timeout) {
    settings.sendTimeoutMillis = millis("sendTimeout", timeout);
    return self();
  }

  /**
   * Limits one attempt, so that a slow broker does not eat the time of the next one: it may then store the message
   * all the same.
   *
   * @param timeout 1 ms to 10 min; by default all that is left of the send's time
   * @return this
   */
  public Producer.Builder attemptTimeout(Duration timeout) {
    settings.attemptTimeoutMillis = millis("attemptTimeout", timeout);
    return self();
  }

  /**
   * Limits the attempts of a send.
   *
   * @param count 1 to 16, the first one included; 3 by default
   * @return this
   */
  public Producer.Builder maxAttempts(int count) {
    settings.maxAttempts = positive("maxAttempts", count);
    return self();
  }

  /**
   * Compresses bodies of at least so many bytes.
   *
   * @param bytes 1 and up; -1: never; 4,096 by default
   * @return this
   */
  public Producer.Builder compressThreshold(int bytes) {
    settings.compressThresholdBytes = bytes == -1 ? -1 : positive("compressThreshold", bytes);
    return self();
  }

  /**
   * Sets how bodies are compressed.
   *
   * @param compression {@link Compression#ZLIB} by default
   * @return this
   */
  public Producer.Builder compression(Compression compression) {
    settings.compression = Objects.requireNonNull(compression, "compression").ordinal();
    return self();
  }

  /**
   * Sets the level of the compression.
   *
   * @param level 1 to 9 for zlib, to 12 for LZ4, to 22 for Zstandard; 5 by default
   * @return this
   */
  public Producer.Builder compressLevel(int level) {
    settings.compressLevel = positive("compressLevel", level);
    return self();
  }

  /**
   * Puts single sends together that come within the linger time: those for the same topic (and queue, or sharding
   * key, where they name one) with the same timeout go in one request. Each still has a result of its own. Delayed
   * messages, and those that are larger than a batch, go by themselves; batches are not compressed.
   *
   * @param linger how long a batch waits for more, at most half of its sends' timeout: 1 ms to 1 min
   * @return this
   */
  public Producer.Builder autoBatch(Duration linger) {
    settings.autoBatchLingerMillis = millis("autoBatch", linger);
    return self();
  }

  /**
   * Limits the batches of {@link #autoBatch}: one that is full goes at once.
   *
   * @param bytes 1 to the largest message; 32,768 by default
   * @param count 1 to 32,767 messages; 1,000 by default
   * @return this
   */
  public Producer.Builder autoBatchLimits(int bytes, int count) {
    settings.autoBatchMaxBytes = positive("bytes", bytes);
    settings.autoBatchMaxCount = positive("count", count);
    return self();
  }

  /**
   * Avoids brokers that answer slowly for a while, where there are others: 2 s after 550 ms, 5 s after 1.8 s, 6 s
   * after 3 s, 10 s after 5 s, 30 s after 15 s. Brokers that fail are always avoided, for 1 s, 2 s and so on up to
   * 30 s.
   *
   * @param avoid false by default
   * @return this
   */
  public Producer.Builder avoidSlowBrokers(boolean avoid) {
    settings.avoidSlowBrokers = avoid;
    return self();
  }

  /**
   * Asks brokers that are avoided whether they answer again, and then uses them at once.
   *
   * @param interval how often: 1 ms to 1 h; never by default
   * @param timeout how soon they must answer: 1 ms to 10 min
   * @return this
   */
  public Producer.Builder detectBrokers(Duration interval, Duration timeout) {
    settings.detectIntervalMillis = millis("interval", interval);
    settings.detectTimeoutMillis = millis("timeout", timeout);
    return self();
  }

  /**
   * Limits the body; the broker has a limit of its own.
   *
   * @param bytes 1 to 16,711,680; 4,194,304 by default
   * @return this
   */
  public Producer.Builder maxMessageSize(int bytes) {
    settings.maxMessageBytes = positive("maxMessageSize", bytes);
    return self();
  }

  /**
   * Limits the asynchronous sends in flight.
   *
   * @param count 1 to 1,000,000; 1,024 by default
   * @return this
   */
  public Producer.Builder maxInFlight(int count) {
    settings.maxInFlightCount = positive("maxInFlight", count);
    return self();
  }

  /**
   * Limits the bytes of the bodies of asynchronous sends in flight.
   *
   * @param bytes 1 and up; 104,857,600 by default
   * @return this
   */
  public Producer.Builder maxInFlightBytes(long bytes) {
    settings.maxInFlightBytes = positive("maxInFlightBytes", bytes);
    return self();
  }

  /**
   * Sets how many queues a topic gets that the broker creates on demand.
   *
   * @param count 1 to 1,024; 4 by default
   * @return this
   */
  public Producer.Builder defaultTopicQueues(int count) {
    settings.defaultTopicQueues = positive("defaultTopicQueues", count);
    return self();
  }

  /**
   * Sends again to another broker where the status is not {@link SendStatus#SEND_OK}; makes duplicates.
   *
   * @param retry false by default
   * @return this
   */
  public Producer.Builder retryAnotherBrokerWhenNotStoreOk(boolean retry) {
    settings.retryNotStoreOk = retry;
    return self();
  }

  /**
   * Tries sends that name their queue (by a selector or a sharding key) again on that queue, too, where the message
   * may be stored already, or the broker refused it: that may make copies, which may overtake later messages of the
   * queue. Otherwise only what was not sent at all is tried again.
   *
   * @param retry false by default
   * @return this
   */
  public Producer.Builder retrySameQueue(boolean retry) {
    settings.retrySameQueue = retry;
    return self();
  }

  /**
   * Sets the broker's response codes after which a send is tried again, the asynchronous ones too.
   *
   * @param codes at most 64; by default 1, 2, 14, 16, 17, 204 and 205 for synchronous sends, and none for
   * asynchronous ones
   * @return this
   */
  public Producer.Builder retryResponseCodes(int... codes) {
    settings.retryResponseCodes = codes.clone();
    return self();
  }

  /**
   * Lets {@code sendAsync} wait for its turn at the limits in place of {@link TooManyRequestsException}. It then
   * blocks the calling thread, at most the send timeout; virtual threads park, and share a limit of their own of as
   * many sends in flight.
   *
   * @param block false by default
   * @return this
   */
  public Producer.Builder blockWhenFull(boolean block) {
    settings.blockWhenFull = block;
    return self();
  }

  /**
   * Runs what is attached to the futures of sends and requests elsewhere than on the threads of the library: the
   * ends that come together are handed over in one task. While the executor refuses, they wait.
   *
   * @param executor the executor; not closed with the producer
   * @return this
   */
  public Producer.Builder completionExecutor(Executor executor) {
    settings.completionExecutor = Objects.requireNonNull(executor, "executor");
    return self();
  }

  /**
   * Makes {@link Producer#sendInTransaction} and {@link Producer#begin} possible.
   *
   * @param listener carries local transactions out, and tells what became of them
   * @return this
   */
  public Producer.Builder transactionListener(TransactionListener listener) {
    this.checker = Objects.requireNonNull(listener, "listener");
    return self();
  }

  /**
   * Makes {@link Producer#begin} possible.
   *
   * @param checker tells what became of transactions
   * @return this
   */
  public Producer.Builder transactionChecker(TransactionChecker checker) {
    this.checker = Objects.requireNonNull(checker, "checker");
    return self();
  }

  /**
   * Runs the checker elsewhere than on virtual threads of its own.
   *
   * @param executor the executor; not closed with the producer
   * @return this
   */
  public Producer.Builder transactionExecutor(Executor executor) {
    this.transactionExecutor = Objects.requireNonNull(executor, "executor");
    return self();
  }
}
