package io.github.rocketffm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;

/** Builds a push consumer. May be used again: each start takes the settings as they are then. */
public interface PushConsumerBuilder extends ClientBuilder<PushConsumerBuilder> {
  /**
   * Adds a topic.
   *
   * @param topic the topic
   * @param filter which of its messages
   * @return this
   */
  PushConsumerBuilder subscribe(String topic, FilterExpression filter);

  /**
   * Sets the listener for single messages. Either this or {@link #batchListener} is required, and {@link #start()}
   * refuses both together; a later call replaces the listener of an earlier one.
   *
   * @param listener the listener
   * @return this
   */
  PushConsumerBuilder listener(MessageListener listener);

  /**
   * Sets the listener for batches. Either this or {@link #listener} is required, and {@link #start()} refuses both
   * together; a later call replaces the listener of an earlier one.
   *
   * @param listener the listener
   * @return this
   */
  PushConsumerBuilder batchListener(BatchMessageListener listener);

  /**
   * Runs the listener elsewhere than on virtual threads of its own.
   *
   * @param executor the executor; not closed with the consumer
   * @return this
   */
  PushConsumerBuilder executor(Executor executor);

  /**
   * Sets where a group without a stored offset starts.
   *
   * @param from the place; {@link ConsumeFrom#lastOffset()} by default
   * @return this
   */
  PushConsumerBuilder consumeFrom(ConsumeFrom from);

  /**
   * Sets how the members of the group share out queues: the same for all of them.
   *
   * @param strategy the strategy; {@link AllocationStrategy#averagely()} by default
   * @return this
   */
  PushConsumerBuilder allocation(AllocationStrategy strategy);

  /**
   * Limits the batches that the listener has at a time.
   *
   * @param count 1 to 100,000; 20 by default
   * @return this
   */
  PushConsumerBuilder concurrency(int count);

  /**
   * Limits the messages of a batch, for a batch listener; a {@link MessageListener} gets one at a time.
   *
   * @param count 1 to 1,024; 1 by default
   * @return this
   */
  PushConsumerBuilder batchSize(int count);

  /**
   * Gives out the messages of each queue in their order: one batch of a queue at a time, to one member of the group
   * only. What fails comes again in place, after the queue has rested, and what is behind it waits. All members of a
   * group must be orderly, or none.
   *
   * @return this
   */
  PushConsumerBuilder orderly();

  /**
   * Gives every message to every member of the group. What fails is logged and passed over, and each member keeps
   * its offsets in a file of its own: see {@link #offsetDirectory}. All members of a group must be broadcasting, or
   * none.
   *
   * @return this
   */
  PushConsumerBuilder broadcasting();

  /**
   * Sets the folder for the offsets of a broadcasting consumer, made where it is missing. The file is {@code
   * <directory>/<instance name>/<group>/offsets.json}; without an {@link #instanceName} the host's name is in its
   * place, so give one where the host's name changes from start to start, or where two members of the group share a
   * host. A damaged file is replaced by its backup.
   *
   * @param directory the folder; {@code .rocketmq_offsets} in the user's home by default
   * @return this
   */
  PushConsumerBuilder offsetDirectory(Path directory);

  /**
   * Sets how long a queue of an orderly consumer rests after a failure; see also {@link ConsumeResult#suspend}.
   *
   * @param time 10 ms to 30 s; 1 s by default
   * @return this
   */
  PushConsumerBuilder suspendQueueTime(Duration time);

  /**
   * Learns which queues the consumer has.
   *
   * @param listener the listener; none by default
   * @return this
   */
  PushConsumerBuilder queueListener(QueueListener listener);

  /**
   * Limits how often a message is delivered again before it goes to the dead-letter queue.
   *
   * @param count 1 to 1,000,000; 0: never delivered again; -1 (the default): 16, without limit for an orderly consumer
   * @return this
   */
  PushConsumerBuilder maxReconsumeTimes(int count);

  /**
   * Sets how many messages one pull asks for.
   *
   * @param count 1 to 1,024; 32 by default
   * @return this
   */
  PushConsumerBuilder pullBatchSize(int count);

  /**
   * Sets the least time between two pulls of one queue.
   *
   * @param interval 1 ms to 65,535 ms; none by default
   * @return this
   */
  PushConsumerBuilder pullInterval(Duration interval);

  /**
   * Limits the messages held of one queue.
   *
   * @param count 1 to 65,535; 1,000 by default
   * @return this
   */
  PushConsumerBuilder maxCachedMessagesPerQueue(int count);

  /**
   * Limits the bytes of bodies held of one queue.
   *
   * @param bytes 1 and up; 104,857,600 by default
   * @return this
   */
  PushConsumerBuilder maxCachedBytesPerQueue(long bytes);

  /**
   * Limits the messages held of each topic: of its queues that this consumer has, each may hold an equal part, at least
   * 1, and no more than {@link #maxCachedMessagesPerQueue} allows. Parts follow as queues come and go. The last pull of
   * each queue may bring up to {@link #pullBatchSize} messages more.
   *
   * @param count 1 to 6,553,500; no limit by default
   * @return this
   */
  PushConsumerBuilder maxCachedMessagesPerTopic(int count);

  /**
   * Limits the bytes of bodies held of each topic: of its queues that this consumer has, each may hold an equal part,
   * and no more than {@link #maxCachedBytesPerQueue} allows. Parts follow as queues come and go. The last pull of each
   * queue may bring up to {@link #pullBatchSize} messages more.
   *
   * @param bytes 1 to 107,374,182,400 (100 GiB); no limit by default
   * @return this
   */
  PushConsumerBuilder maxCachedBytesPerTopic(long bytes);

  /**
   * Limits how far apart the first and the last message held of one queue may be: one that takes long holds back what
   * is that far behind it.
   *
   * @param offsets 1 to 65,535; 2,000 by default
   * @return this
   */
  PushConsumerBuilder maxOffsetSpanPerQueue(int offsets);

  /**
   * Sets how long a broker holds a pull that finds nothing.
   *
   * @param timeout 10 ms to 1 min; 15 s by default
   * @return this
   */
  PushConsumerBuilder pullSuspendTimeout(Duration timeout);

  /**
   * Starts without giving messages to the listener, until {@link PushConsumer#resume}.
   *
   * @return this
   */
  PushConsumerBuilder startSuspended();

  /**
   * Sets how often the queues are shared out anew without a notice of the broker.
   *
   * @param interval 10 ms to 1 h; 20 s by default
   * @return this
   */
  PushConsumerBuilder rebalanceInterval(Duration interval);

  /**
   * Sets how often offsets are persisted.
   *
   * @param interval 10 ms to 1 h; 5 s by default
   * @return this
   */
  PushConsumerBuilder persistOffsetInterval(Duration interval);

  /**
   * Limits the time of a listener: afterwards its batch is delivered again. The queue of an orderly consumer waits
   * for it instead, as two deliveries at once would break the order, but may then go to another member of the group.
   *
   * @param timeout 1 s to 24 h; 15 min by default
   * @return this
   */
  PushConsumerBuilder consumeTimeout(Duration timeout);

  /**
   * Starts the consumer. Does not wait for any server, save, at most the request timeout, for its word on a
   * condition as a filter.
   *
   * @return the consumer, to be closed
   * @throws RequestRejectedException when a broker refuses a condition
   * @throws RocketMqException for settings out of range, no listener or one of each kind, and an {@link
   *     #offsetDirectory} that cannot be used; CONFLICT when this group has a live consumer already with the same
   *     settings of {@link ClientBuilder}, or with the same file of offsets (give one an {@code instanceName})
   * @throws NativeLibraryException when the native library cannot be loaded
   */
  PushConsumer start();
}
