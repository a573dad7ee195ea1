package io.github.rocketffm;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * A message that was received. For any thread, and valid for ever, with one exception: a listener that reads the body
 * without a copy ({@link #readBody}, {@link #copyBody}) spares the heap that copy, so that the body is gone once the
 * listener has returned.
 */
public interface ReceivedMessage {
  /**
   * Begins a message that nobody sent, for tests of listeners.
   *
   * @param topic the topic
   * @return a builder
   */
  static ReceivedMessageBuilder builder(String topic) {
    return new ReceivedMessageBuilder(Objects.requireNonNull(topic, "topic"));
  }

  /**
   * The topic to which it was sent, also when it is delivered again.
   *
   * @return the topic
   */
  String topic();

  /**
   * The producer's unique id.
   *
   * @return the id
   */
  String messageId();

  /**
   * The id by which the broker finds it.
   *
   * @return the id
   */
  String offsetMessageId();

  /**
   * Where it lies.
   *
   * @return the queue
   */
  MessageQueue queue();

  /**
   * Its place in the queue.
   *
   * @return the offset, from 0
   */
  long queueOffset();

  /**
   * The first offset that its queue had when a push consumer pulled the message; Apache's client has it as the property
   * MIN_OFFSET.
   *
   * @return the offset, where it is known: not in a simple consumer
   */
  OptionalLong queueMinOffset();

  /**
   * The offset after the last message that its queue had when a push consumer pulled the message: how far the group was
   * behind there. Apache's client has it as the property MAX_OFFSET.
   *
   * @return the offset, where it is known: not in a simple consumer
   */
  OptionalLong queueMaxOffset();

  /**
   * When a push consumer gave it to the listener, by this machine's clock; Apache's client has it as the property
   * CONSUME_START_TIME.
   *
   * @return the time, in milliseconds' precision, save in a simple consumer
   */
  Optional<Instant> consumeStartTimestamp();

  /**
   * How often the group was given it before.
   *
   * @return 0 at the first delivery
   */
  int reconsumeTimes();

  /**
   * The application's own number.
   *
   * @return the flag
   */
  int flag();

  /**
   * When the producer made it, by the producer's clock.
   *
   * @return the time, in milliseconds' precision
   */
  Instant bornTimestamp();

  /**
   * When the broker stored it, by the broker's clock.
   *
   * @return the time, in milliseconds' precision
   */
  Instant storeTimestamp();

  /**
   * Whence it came.
   *
   * @return {@code address:port} of the producer
   */
  String bornHost();

  /**
   * Where it was stored.
   *
   * @return {@code address:port} of the broker
   */
  String storeHost();

  /**
   * All properties, RocketMQ's own ones included.
   *
   * @return an unmodifiable map
   */
  Map<String, String> properties();

  /**
   * The decompressed body, copied to the heap at the first call.
   *
   * @return the array, which is this message's own
   * @throws InvalidStateException after the listener, for a body that it read without a copy
   */
  byte[] body();

  /**
   * The body's length.
   *
   * @return in bytes
   */
  int bodyLength();

  /**
   * Copies the body into an array of the caller's, to reuse it from message to message.
   *
   * @param target where to
   * @param offset from which place on; the body must fit
   * @return the body's length
   * @throws IndexOutOfBoundsException when it does not fit
   * @throws InvalidStateException after the listener, for a body that it read without a copy
   */
  int copyBody(byte[] target, int offset);

  /**
   * Reads the body where it lies, without a copy.
   *
   * @param reader is given the bytes, read-only; what it keeps of them is invalid once it has returned
   * @param <T> what the reader makes of it
   * @return what the reader returned
   * @throws InvalidStateException after the listener, for a body that it read without a copy
   */
  <T> T readBody(Function<? super MemorySegment, ? extends T> reader);

  /**
   * The tag.
   *
   * @return the tag, where there is one
   */
  default Optional<String> tag() {
    return property("TAGS");
  }

  /**
   * The keys, by which the message can be found.
   *
   * @return the keys; unmodifiable, empty where there are none
   */
  default List<String> keys() {
    return property("KEYS").stream()
        .flatMap(keys -> Arrays.stream(keys.split(" ")))
        .filter(key -> !key.isEmpty())
        .toList();
  }

  /**
   * The key that chose the queue.
   *
   * @return the key, where the producer set one
   */
  default Optional<String> shardingKey() {
    return property("__SHARDINGKEY");
  }

  /**
   * When it was to be delivered.
   *
   * @return the time, where the producer set one
   */
  default Optional<Instant> deliverAt() {
    return number("TIMER_DELIVER_MS").stream().mapToObj(Instant::ofEpochMilli).findFirst();
  }

  /**
   * How urgent it is.
   *
   * @return the priority, where the producer set one
   */
  default OptionalInt priority() {
    OptionalLong priority = number("_SYS_MSG_PRIORITY_");
    return priority.isPresent() && priority.getAsLong() >= 0
        ? OptionalInt.of((int) Math.min(priority.getAsLong(), Integer.MAX_VALUE))
        : OptionalInt.empty();
  }

  private OptionalLong number(String name) {
    try {
      return property(name).stream().mapToLong(Long::parseLong).findFirst();
    } catch (NumberFormatException e) {
      // Of whatever producer: no reason to fail here.
      return OptionalLong.empty();
    }
  }

  /**
   * A property.
   *
   * @param name its name
   * @return its value, where there is one
   */
  default Optional<String> property(String name) {
    return Optional.ofNullable(properties().get(Objects.requireNonNull(name, "name")));
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
   * @return a buffer of its own, over {@link #body()}
   */
  default ByteBuffer bodyBuffer() {
    return ByteBuffer.wrap(body()).asReadOnlyBuffer();
  }
}
