package io.github.rocketffm;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Makes messages for tests of listeners. Not for several threads at once. */
public final class ReceivedMessageBuilder {
  final String topic;
  final Map<String, String> properties = new LinkedHashMap<>();
  String messageId = "0".repeat(32);
  byte[] body = {};
  MessageQueue queue;
  long queueOffset;
  int reconsumeTimes;
  int flag;

  ReceivedMessageBuilder(String topic) {
    this.topic = topic;
    queue = new MessageQueue(topic, "broker", 0);
  }

  /**
   * Sets the unique id.
   *
   * @param messageId the id; 32 zeros by default
   * @return this
   */
  public ReceivedMessageBuilder messageId(String messageId) {
    this.messageId = Objects.requireNonNull(messageId, "messageId");
    return this;
  }

  /**
   * Sets the body.
   *
   * @param body the bytes; not copied; none by default
   * @return this
   */
  public ReceivedMessageBuilder body(byte[] body) {
    this.body = Objects.requireNonNull(body, "body");
    return this;
  }

  /**
   * Sets the body to a text in UTF-8.
   *
   * @param body the text
   * @return this
   */
  public ReceivedMessageBuilder body(String body) {
    return body(Objects.requireNonNull(body, "body").getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Adds a property: the application's, or RocketMQ's own.
   *
   * @param name its name
   * @param value its value
   * @return this
   */
  public ReceivedMessageBuilder property(String name, String value) {
    properties.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
    return this;
  }

  /**
   * Sets the tag.
   *
   * @param tag the tag
   * @return this
   */
  public ReceivedMessageBuilder tag(String tag) {
    return property("TAGS", Objects.requireNonNull(tag, "tag"));
  }

  /**
   * Sets the keys.
   *
   * @param keys one or more, without blanks, which separate them on the wire
   * @return this
   * @throws InvalidArgumentException for a key with a blank
   */
  public ReceivedMessageBuilder key(String... keys) {
    for (String key : Objects.requireNonNull(keys, "keys")) {
      if (Objects.requireNonNull(key, "key").indexOf(' ') >= 0) {
        throw InvalidArgumentException.of(
            "the key \"" + key + "\" has a blank, which separates keys: give each key by itself");
      }
    }
    return property("KEYS", String.join(" ", keys));
  }

  /**
   * Sets the key that chose the queue.
   *
   * @param shardingKey the key
   * @return this
   */
  public ReceivedMessageBuilder shardingKey(String shardingKey) {
    return property("__SHARDINGKEY", Objects.requireNonNull(shardingKey, "shardingKey"));
  }

  /**
   * Sets where it lies.
   *
   * @param queue the queue; queue 0 of a broker named "broker" by default
   * @return this
   */
  public ReceivedMessageBuilder queue(MessageQueue queue) {
    this.queue = Objects.requireNonNull(queue, "queue");
    return this;
  }

  /**
   * Sets its place in the queue.
   *
   * @param queueOffset the offset; 0 by default
   * @return this
   */
  public ReceivedMessageBuilder queueOffset(long queueOffset) {
    this.queueOffset = queueOffset;
    return this;
  }

  /**
   * Sets how often the group was given it before.
   *
   * @param reconsumeTimes 0 by default
   * @return this
   */
  public ReceivedMessageBuilder reconsumeTimes(int reconsumeTimes) {
    this.reconsumeTimes = reconsumeTimes;
    return this;
  }

  /**
   * Sets the application's own number.
   *
   * @param flag 0 by default
   * @return this
   */
  public ReceivedMessageBuilder flag(int flag) {
    this.flag = flag;
    return this;
  }

  /**
   * Makes the message.
   *
   * @return the message
   */
  public ReceivedMessage build() {
    return new PlainReceivedMessage(this);
  }
}
