package io.github.rocketffm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A message to send. Immutable, save that its body is not copied: do not change it before the send has returned. The
 * limits of its parts are checked when it is sent. For any thread.
 */
public interface Message {
  /**
   * Begins a message.
   *
   * @param topic 1 to 127 characters of letters, digits, '%', '|', '_' and '-'
   * @return a builder
   */
  static MessageBuilder builder(String topic) {
    return Provider.get().message(Objects.requireNonNull(topic, "topic"));
  }

  /**
   * Begins the reply to a request, to be sent as any other message. The broker hands it to the requester's connection
   * and stores nothing: a requester that is gone, or whose time is over, gets none.
   *
   * @param request a message that {@link Producer#request} sent
   * @return a builder; a delay cannot be set
   * @throws InvalidArgumentException for a message that is no request
   */
  static MessageBuilder replyTo(ReceivedMessage request) {
    return Provider.get().reply(Objects.requireNonNull(request, "request"));
  }

  /**
   * The topic.
   *
   * @return the topic
   */
  String topic();

  /**
   * The tag.
   *
   * @return the tag, where there is one
   */
  Optional<String> tag();

  /**
   * The keys.
   *
   * @return the keys; unmodifiable
   */
  List<String> keys();

  /**
   * The application's properties.
   *
   * @return the properties in the order in which they were set; unmodifiable
   */
  Map<String, String> properties();

  /**
   * A property of the application.
   *
   * @param name its name
   * @return its value, where it is set
   */
  default Optional<String> property(String name) {
    return Optional.ofNullable(properties().get(Objects.requireNonNull(name, "name")));
  }

  /**
   * The body.
   *
   * @return the bytes, read-only, where the builder was given them
   */
  MemorySegment bodySegment();

  /**
   * The body.
   *
   * @return a copy
   */
  default byte[] body() {
    return bodySegment().toArray(ValueLayout.JAVA_BYTE);
  }

  /**
   * The body as a text in UTF-8.
   *
   * @return the text
   */
  default String bodyAsString() {
    return new String(body(), StandardCharsets.UTF_8);
  }

  /**
   * The body, read-only.
   *
   * @return a buffer of its own over the bytes of {@link #bodySegment}
   */
  default ByteBuffer bodyBuffer() {
    return bodySegment().asByteBuffer();
  }

  /**
   * The number for the application's own use.
   *
   * @return the flag
   */
  int flag();

  /**
   * The broker's delay level.
   *
   * @return the level, where one is set
   */
  OptionalInt delayLevel();

  /**
   * When it is to be delivered.
   *
   * @return the time, where one is set
   */
  Optional<Instant> deliverAt();

  /**
   * How urgent it is, for a topic of the type PRIORITY.
   *
   * @return the priority, where one is set
   */
  OptionalInt priority();

  /**
   * The key that chooses the queue.
   *
   * @return the key, where one is set
   */
  Optional<String> shardingKey();

  /**
   * The queue that it goes to.
   *
   * @return the queue, where one is set
   */
  Optional<MessageQueue> queue();

  /**
   * What it takes in a batch at the most, as brokers count.
   *
   * @return the bytes
   */
  long sizeInBatch();

  /**
   * Begins a message that is like this one.
   *
   * @return a builder
   */
  MessageBuilder toBuilder();
}
