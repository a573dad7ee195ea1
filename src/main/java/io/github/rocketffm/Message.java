package io.github.rocketffm;

import io.github.rocketffm.internal.OutgoingMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A message to send. Immutable, save that the body's array is not copied: do not change it before the send has
 * returned. The limits of its parts are checked when it is sent.
 */
public final class Message {
  private static final String CLUSTER = "CLUSTER";
  private static final String TIME_TO_LIVE = "TTL";

  /** What a request tells of where its reply goes. */
  private static final List<String> REPLY_PROPERTIES =
      List.of(CLUSTER, "CORRELATION_ID", "REPLY_TO_CLIENT", TIME_TO_LIVE);

  final OutgoingMessage content;

  private Message(Builder builder) {
    OutgoingMessage to = new OutgoingMessage();
    to.topic = builder.topic;
    to.tag = builder.tag;
    to.keys = builder.keys;
    to.shardingKey = builder.shardingKey;
    to.brokerName = builder.brokerName;
    to.replyTo = builder.replyTo;
    to.body = builder.body;
    if (!builder.properties.isEmpty()) {
      to.properties = new String[2 * builder.properties.size()];
      int i = 0;
      for (Map.Entry<String, String> property : builder.properties.entrySet()) {
        to.properties[i++] = property.getKey();
        to.properties[i++] = property.getValue();
      }
    }
    to.flag = builder.flag;
    to.delayLevel = builder.delayLevel;
    to.queueId = builder.queueId;
    to.deliverAtMillis = builder.deliverAtMillis;
    content = to;
  }

  private Message(OutgoingMessage content) {
    this.content = content;
  }

  /** The same message for one queue. */
  Message to(MessageQueue queue) {
    return new Message(content.to(queue.brokerName(), queue.queueId()));
  }

  /**
   * Begins a message.
   *
   * @param topic 1 to 127 characters of letters, digits, '%', '|', '_' and '-'
   * @return a builder
   */
  public static Builder builder(String topic) {
    return new Builder(Objects.requireNonNull(topic, "topic"));
  }

  /**
   * Begins the reply to a request, to be sent as any other message. The broker hands it to the requester's connection
   * and stores nothing: a requester that is gone, or whose time is over, gets none.
   *
   * @param request a message that {@link Producer#request} sent
   * @return a builder; a delay cannot be set
   * @throws InvalidArgumentException for a message that is no request
   */
  public static Builder replyTo(ReceivedMessage request) {
    StringBuilder encoded = new StringBuilder();
    for (String name : REPLY_PROPERTIES) {
      String value = request.property(name).orElse("");
      if (value.isEmpty() && !name.equals(TIME_TO_LIVE)) {
        throw RocketMqException.of(
            ErrorKind.INVALID_ARGUMENT,
            "the message "
                + request.messageId()
                + " is no request: it lacks the property "
                + name
                + ", which brokers and requesters set");
      }
      encoded.append(name).append('\u0001').append(value).append('\u0002');
    }
    Builder builder = new Builder(request.property(CLUSTER).orElseThrow() + "_REPLY_TOPIC");
    builder.replyTo = encoded.toString();
    return builder;
  }

  /**
   * The topic.
   *
   * @return the topic
   */
  public String topic() {
    return content.topic;
  }

  /** Builds a message. Not for several threads at once. */
  public static final class Builder {
    private static final byte[] NO_BODY = {};
    private final String topic;
    private String tag = "";
    private String keys = "";
    private byte[] body = NO_BODY;
    private Map<String, String> properties = Map.of();
    private int flag;
    private int delayLevel;
    private long deliverAtMillis;
    private String shardingKey = "";
    private String brokerName = "";
    private String replyTo = "";
    private int queueId;

    private Builder(String topic) {
      this.topic = topic;
    }

    /**
     * Sets the tag, by which consumers filter.
     *
     * @param tag without '|' and surrounding blanks
     * @return this
     */
    public Builder tag(String tag) {
      this.tag = Objects.requireNonNull(tag, "tag");
      return this;
    }

    /**
     * Sets keys by which the message can be found.
     *
     * @param keys one or more, without blanks, which separate them on the wire
     * @return this
     * @throws InvalidArgumentException for a key with a blank
     */
    public Builder key(String... keys) {
      for (String key : keys) {
        if (Objects.requireNonNull(key, "key").indexOf(' ') >= 0) {
          throw RocketMqException.of(
              ErrorKind.INVALID_ARGUMENT,
              "the key \"" + key + "\" has a blank, which separates keys: give each key by itself");
        }
      }
      this.keys = String.join(" ", keys);
      return this;
    }

    /**
     * Sets the body; required.
     *
     * @param body 1 byte to the producer's maximum; not copied
     * @return this
     */
    public Builder body(byte[] body) {
      this.body = Objects.requireNonNull(body, "body");
      return this;
    }

    /**
     * Sets the body to a text in UTF-8.
     *
     * @param body the text
     * @return this
     */
    public Builder body(String body) {
      return body(Objects.requireNonNull(body, "body").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Adds a property of the application.
     *
     * @param name not one that RocketMQ reserves
     * @param value not empty
     * @return this
     */
    public Builder property(String name, String value) {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(value, "value");
      if (properties.isEmpty()) {
        properties = new LinkedHashMap<>();
      }
      properties.put(name, value);
      return this;
    }

    /**
     * Sets a number for the application's own use.
     *
     * @param flag any number
     * @return this
     */
    public Builder flag(int flag) {
      this.flag = flag;
      return this;
    }

    /**
     * Delays delivery by one of the broker's levels.
     *
     * @param delayLevel 1 and up (as RocketMQ ships, to 18: 1 s to 2 h); 0: no delay
     * @return this
     */
    public Builder delayLevel(int delayLevel) {
      this.delayLevel = delayLevel;
      return this;
    }

    /**
     * Delivers not before a point in time.
     *
     * @param instant at most 3 days ahead as RocketMQ ships; in milliseconds' precision
     * @return this
     */
    public Builder deliverAt(Instant instant) {
      this.deliverAtMillis = ClientBuilder.epochMillis("instant", instant);
      return this;
    }

    /**
     * Delivers not before some time has passed from now.
     *
     * @param delay 1 ms and up, at most 3 days as RocketMQ ships
     * @return this
     */
    public Builder deliverAfter(Duration delay) {
      if (Objects.requireNonNull(delay, "delay").isNegative() || delay.isZero()) {
        throw RocketMqException.of(
            ErrorKind.INVALID_ARGUMENT,
            "delay is " + delay + ", which is not positive: leave it out to deliver at once");
      }
      Instant now = Instant.now();
      if (delay.compareTo(Duration.between(now, Instant.MAX)) > 0) {
        throw RocketMqException.of(
            ErrorKind.INVALID_ARGUMENT,
            "delay is " + delay + ", which no message can carry: give a shorter one");
      }
      return deliverAt(now.plus(delay));
    }

    /**
     * Sends messages with the same key to the same queue.
     *
     * @param shardingKey the key
     * @return this
     */
    public Builder shardingKey(String shardingKey) {
      this.shardingKey = Objects.requireNonNull(shardingKey, "shardingKey");
      return this;
    }

    /**
     * Sends to one queue.
     *
     * @param brokerName the queue's broker
     * @param queueId the queue's number there, from 0
     * @return this
     */
    public Builder queue(String brokerName, int queueId) {
      this.brokerName = Objects.requireNonNull(brokerName, "brokerName");
      this.queueId = queueId;
      return this;
    }

    /**
     * Sends to one queue.
     *
     * @param queue the queue, such as one of {@link Producer#queues}
     * @return this
     */
    public Builder queue(MessageQueue queue) {
      return queue(queue.brokerName(), queue.queueId());
    }

    /**
     * Builds the message.
     *
     * @return the message
     */
    public Message build() {
      return new Message(this);
    }
  }
}
