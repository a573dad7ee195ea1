package io.github.rocketffm;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/** Builds a message. Not for several threads at once. May be used again. */
public interface MessageBuilder {
  /**
   * Sets the tag, by which consumers filter.
   *
   * @param tag without '|' and surrounding blanks
   * @return this
   */
  MessageBuilder tag(String tag);

  /**
   * Sets keys by which the message can be found.
   *
   * @param keys one or more, without blanks, which separate them on the wire
   * @return this
   * @throws InvalidArgumentException for a key with a blank
   */
  MessageBuilder key(String... keys);

  /**
   * Sets the body; required.
   *
   * @param body 1 byte to the producer's maximum; not copied
   * @return this
   */
  MessageBuilder body(byte[] body);

  /**
   * Sets the body to bytes of native memory, which go to the connection without a copy on the heap, or of the heap.
   *
   * @param body 1 byte to the producer's maximum; not copied: it must stay valid, and what it is, until the send has
   *     returned
   * @return this
   */
  MessageBuilder body(MemorySegment body);

  /**
   * Sets the body to what is left of a buffer, whose position stays. A direct buffer goes to the connection without a
   * copy on the heap.
   *
   * @param body 1 byte to the producer's maximum; not copied: it must stay what it is until the send has returned
   * @return this
   */
  default MessageBuilder body(ByteBuffer body) {
    return body(MemorySegment.ofBuffer(Objects.requireNonNull(body, "body")));
  }

  /**
   * Sets the body to a text in UTF-8.
   *
   * @param body the text
   * @return this
   */
  MessageBuilder body(String body);

  /**
   * Adds a property of the application.
   *
   * @param name not one that RocketMQ reserves
   * @param value not empty
   * @return this
   */
  MessageBuilder property(String name, String value);

  /**
   * Sets a number for the application's own use.
   *
   * @param flag any number
   * @return this
   */
  MessageBuilder flag(int flag);

  /**
   * Delays delivery by one of the broker's levels.
   *
   * @param delayLevel 1 and up (as RocketMQ ships, to 18: 1 s to 2 h); 0: no delay
   * @return this
   */
  MessageBuilder delayLevel(int delayLevel);

  /**
   * Delivers not before a point in time.
   *
   * @param instant at most 3 days ahead as RocketMQ ships; in milliseconds' precision
   * @return this
   */
  MessageBuilder deliverAt(Instant instant);

  /**
   * Delivers not before some time has passed from now.
   *
   * @param delay 1 ms and up, at most 3 days as RocketMQ ships
   * @return this
   */
  MessageBuilder deliverAfter(Duration delay);

  /**
   * Says how urgent it is. The broker (from RocketMQ 5.4 on; older ones ignore it) chooses the queue by it; of a topic
   * of the type PRIORITY, a {@link SimpleConsumer} receives messages of higher priority first. Not together with a
   * delay, a queue, a sharding key or a transaction, nor in batches.
   *
   * @param priority 0 (the lowest) and up: the number of the queue, and the topic's last one for those beyond
   * @return this
   * @throws InvalidArgumentException for a negative one
   */
  MessageBuilder priority(int priority);

  /**
   * Sends messages with the same key to the same queue.
   *
   * @param shardingKey the key
   * @return this
   */
  MessageBuilder shardingKey(String shardingKey);

  /**
   * Sends to one queue.
   *
   * @param brokerName the queue's broker
   * @param queueId the queue's number there, from 0
   * @return this
   */
  MessageBuilder queue(String brokerName, int queueId);

  /**
   * Sends to one queue.
   *
   * @param queue the queue, such as one of {@link Producer#queues}
   * @return this
   */
  MessageBuilder queue(MessageQueue queue);

  /**
   * Builds the message.
   *
   * @return the message
   */
  Message build();
}
