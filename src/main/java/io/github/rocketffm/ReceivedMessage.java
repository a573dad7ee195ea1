package io.github.rocketffm;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A message that was received: a copy, valid for ever, for any thread.
 *
 * @param topic the topic to which it was sent, also when it is delivered again
 * @param messageId the producer's unique id
 * @param offsetMessageId the id by which the broker finds it
 * @param queue where it lies
 * @param queueOffset its offset there
 * @param reconsumeTimes how often the group was given it before; 0 at the first delivery
 * @param flag the application's own number
 * @param bornTimestamp when the producer made it, by the producer's clock
 * @param storeTimestamp when the broker stored it, by the broker's clock
 * @param bornHost {@code address:port} of the producer
 * @param storeHost {@code address:port} of the broker that stored it
 * @param properties all properties, RocketMQ's own ones included; unmodifiable
 * @param body the decompressed body; the array is this message's own
 */
public record ReceivedMessage(
    String topic,
    String messageId,
    String offsetMessageId,
    MessageQueue queue,
    long queueOffset,
    int reconsumeTimes,
    int flag,
    Instant bornTimestamp,
    Instant storeTimestamp,
    String bornHost,
    String storeHost,
    Map<String, String> properties,
    byte[] body) {
  /**
   * The tag.
   *
   * @return the tag, where there is one
   */
  public Optional<String> tag() {
    return property("TAGS");
  }

  /**
   * The keys, joined by blanks.
   *
   * @return the keys, where there are any
   */
  public Optional<String> keys() {
    return property("KEYS");
  }

  /**
   * A property.
   *
   * @param name its name
   * @return its value, where there is one
   */
  public Optional<String> property(String name) {
    return Optional.ofNullable(properties.get(name));
  }

  /**
   * The body as a text in UTF-8.
   *
   * @return the text
   */
  public String bodyAsString() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /**
   * The body, read-only and without a copy.
   *
   * @return a buffer of its own
   */
  public ByteBuffer bodyBuffer() {
    return ByteBuffer.wrap(body).asReadOnlyBuffer();
  }

  @Override
  public String toString() {
    return "ReceivedMessage[" + messageId + " of " + queue + " at " + queueOffset + "]";
  }
}
