package io.github.rocketffm.internal.memory;

import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.ReceivedMessage;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Builds a message. */
public final class OutgoingMessageBuilder implements MessageBuilder {
  private static final String CLUSTER = "CLUSTER";
  private static final String TIME_TO_LIVE = "TTL";

  /** What a request tells of where its reply goes. */
  private static final List<String> REPLY_PROPERTIES =
      List.of(CLUSTER, "CORRELATION_ID", "REPLY_TO_CLIENT", TIME_TO_LIVE);

  private static final int NO_PRIORITY = -1;
  private static final byte[] NO_BODY = {};
  private static final String[] NO_PROPERTIES = {};

  final String topic;
  String tag = "";
  String keys = "";
  byte[] bytes = NO_BODY;
  MemorySegment segment;
  private Map<String, String> properties = Map.of();
  int flag;
  int delayLevel;
  long deliverAtMillis;
  int priority = NO_PRIORITY;
  String shardingKey = "";
  String brokerName = "";
  String replyTo = "";
  int queueId;

  public OutgoingMessageBuilder(String topic) {
    this.topic = topic;
  }

  /** Like that message. */
  OutgoingMessageBuilder(Message message) {
    topic = message.topic();
    tag = message.tag().orElse("");
    keys = String.join(" ", message.keys());
    flag = message.flag();
    delayLevel = message.delayLevel().orElse(0);
    deliverAtMillis = message.deliverAt().map(Instant::toEpochMilli).orElse(0L);
    priority = message.priority().orElse(NO_PRIORITY);
    shardingKey = message.shardingKey().orElse("");
    message.queue().ifPresent(this::queue);
    Map<String, String> of = message.properties();
    properties = of.isEmpty() ? Map.of() : new LinkedHashMap<>(of);
    if (message instanceof OutgoingMessage own) {
      replyTo = own.replyTo;
      bytes = own.bytes;
      segment = own.segment;
    } else {
      segment = message.bodySegment();
    }
  }

  /** The reply to a request. */
  public static OutgoingMessageBuilder replyTo(ReceivedMessage request) {
    StringBuilder encoded = new StringBuilder();
    for (String name : REPLY_PROPERTIES) {
      String value = request.property(name).orElse("");
      if (value.isEmpty() && !name.equals(TIME_TO_LIVE)) {
        throw InvalidArgumentException.of(
            "the message "
                + request.messageId()
                + " is no request: it lacks the property "
                + name
                + ", which brokers and requesters set");
      }
      encoded.append(name).append('\u0001').append(value).append('\u0002');
    }
    OutgoingMessageBuilder builder =
        new OutgoingMessageBuilder(request.property(CLUSTER).orElseThrow() + "_REPLY_TOPIC");
    builder.replyTo = encoded.toString();
    return builder;
  }

  String[] propertyArray() {
    if (properties.isEmpty()) {
      return NO_PROPERTIES;
    }
    String[] array = new String[2 * properties.size()];
    int i = 0;
    for (Map.Entry<String, String> property : properties.entrySet()) {
      array[i++] = property.getKey();
      array[i++] = property.getValue();
    }
    return array;
  }

  @Override
  public MessageBuilder tag(String tag) {
    this.tag = Objects.requireNonNull(tag, "tag");
    return this;
  }

  @Override
  public MessageBuilder key(String... keys) {
    for (String key : Objects.requireNonNull(keys, "keys")) {
      if (Objects.requireNonNull(key, "key").indexOf(' ') >= 0) {
        throw InvalidArgumentException.of(
            "the key \"" + key + "\" has a blank, which separates keys: give each key by itself");
      }
    }
    this.keys = String.join(" ", keys);
    return this;
  }

  @Override
  public MessageBuilder body(byte[] body) {
    bytes = Objects.requireNonNull(body, "body");
    segment = null;
    return this;
  }

  @Override
  public MessageBuilder body(MemorySegment body) {
    segment = Objects.requireNonNull(body, "body");
    bytes = NO_BODY;
    return this;
  }

  @Override
  public MessageBuilder body(String body) {
    return body(Objects.requireNonNull(body, "body").getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public MessageBuilder property(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    if (properties.isEmpty()) {
      properties = new LinkedHashMap<>();
    }
    properties.put(name, value);
    return this;
  }

  @Override
  public MessageBuilder flag(int flag) {
    this.flag = flag;
    return this;
  }

  @Override
  public MessageBuilder delayLevel(int delayLevel) {
    this.delayLevel = delayLevel;
    return this;
  }

  @Override
  public MessageBuilder deliverAt(Instant instant) {
    Objects.requireNonNull(instant, "instant");
    try {
      deliverAtMillis = instant.toEpochMilli();
    } catch (ArithmeticException e) {
      throw InvalidArgumentException.of(
          "instant", instant, "no message can carry it, so give a nearer one");
    }
    if (deliverAtMillis <= 0) {
      throw InvalidArgumentException.of(
          "instant", instant, "give one after 1970, or leave it out to deliver at once");
    }
    return this;
  }

  @Override
  public MessageBuilder deliverAfter(Duration delay) {
    if (Objects.requireNonNull(delay, "delay").isNegative() || delay.isZero()) {
      throw InvalidArgumentException.of(
          "delay", delay, "give a positive one, or leave it out to deliver at once");
    }
    Instant now = Instant.now();
    if (delay.compareTo(Duration.between(now, Instant.MAX)) > 0) {
      throw InvalidArgumentException.of(
          "delay", delay, "no message can carry it, so give a shorter one");
    }
    return deliverAt(now.plus(delay));
  }

  @Override
  public MessageBuilder priority(int priority) {
    if (priority < 0) {
      throw InvalidArgumentException.of(
          "priority", priority, "give 0 (the lowest) or more, or leave it out");
    }
    this.priority = priority;
    return this;
  }

  @Override
  public MessageBuilder shardingKey(String shardingKey) {
    this.shardingKey = Objects.requireNonNull(shardingKey, "shardingKey");
    return this;
  }

  @Override
  public MessageBuilder queue(String brokerName, int queueId) {
    this.brokerName = Objects.requireNonNull(brokerName, "brokerName");
    this.queueId = queueId;
    return this;
  }

  @Override
  public MessageBuilder queue(MessageQueue queue) {
    Objects.requireNonNull(queue, "queue");
    return queue(queue.brokerName(), queue.queueId());
  }

  @Override
  public Message build() {
    return new OutgoingMessage(this);
  }
}
