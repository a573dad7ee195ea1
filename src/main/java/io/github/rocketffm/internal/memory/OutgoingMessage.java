package io.github.rocketffm.internal.memory;

import io.github.rocketffm.Message;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.MessageQueue;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A message as it is sent: texts that are absent are empty, so that a send makes no objects for them. */
public final class OutgoingMessage implements Message {
  /** In a batch, besides texts and body: lengths, flag, unique id, and the names of properties. */
  private static final int FIXED_BYTES = 101;

  public final String topic;
  public final String tag;

  /** Joined by blanks. */
  public final String keys;

  public final String shardingKey;
  public final String brokerName;

  /** Of a reply, the encoded properties of the request that tell where it goes; then the topic is for show. */
  public final String replyTo;

  /** The body, unless it is in {@link #segment}. */
  public final byte[] bytes;

  /** Null for a body in {@link #bytes}. */
  public final MemorySegment segment;

  /** Name, value, name, value … */
  public final String[] properties;

  public final int flag;
  public final int delayLevel;
  public final int queueId;
  public final long deliverAtMillis;

  /** -1 for none. */
  public final int priority;

  OutgoingMessage(OutgoingMessageBuilder of) {
    topic = of.topic;
    tag = of.tag;
    keys = of.keys;
    shardingKey = of.shardingKey;
    brokerName = of.brokerName;
    replyTo = of.replyTo;
    bytes = of.bytes;
    segment = of.segment;
    properties = of.propertyArray();
    flag = of.flag;
    delayLevel = of.delayLevel;
    queueId = of.queueId;
    deliverAtMillis = of.deliverAtMillis;
    priority = of.priority;
  }

  /** The same message, or a copy of what somebody else made. */
  public static OutgoingMessage of(Message message) {
    return message instanceof OutgoingMessage own
        ? own
        : (OutgoingMessage) new OutgoingMessageBuilder(message).build();
  }

  /** The same message for one queue. */
  public OutgoingMessage to(MessageQueue queue) {
    OutgoingMessageBuilder copy = new OutgoingMessageBuilder(this);
    copy.shardingKey = "";
    copy.queue(queue);
    return new OutgoingMessage(copy);
  }

  /** The same message, whose body whatever thread can read. */
  public OutgoingMessage forOtherThreads() {
    if (segment == null) {
      return this;
    }
    OutgoingMessageBuilder copy = new OutgoingMessageBuilder(this);
    try {
      copy.body(segment.toArray(ValueLayout.JAVA_BYTE));
    } catch (IllegalStateException | WrongThreadException e) {
      // As it is: whoever sends it tells what is wrong.
      return this;
    }
    return new OutgoingMessage(copy);
  }

  public long bodyLength() {
    return segment == null ? bytes.length : segment.byteSize();
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public Optional<String> tag() {
    return optional(tag);
  }

  @Override
  public List<String> keys() {
    return keys.isEmpty() ? List.of() : List.of(keys.split(" "));
  }

  @Override
  public Map<String, String> properties() {
    Map<String, String> all = new LinkedHashMap<>();
    for (int i = 0; i < properties.length; i += 2) {
      all.put(properties[i], properties[i + 1]);
    }
    return Collections.unmodifiableMap(all);
  }

  @Override
  public MemorySegment bodySegment() {
    return (segment == null ? MemorySegment.ofArray(bytes) : segment).asReadOnly();
  }

  @Override
  public int flag() {
    return flag;
  }

  @Override
  public OptionalInt delayLevel() {
    return delayLevel == 0 ? OptionalInt.empty() : OptionalInt.of(delayLevel);
  }

  @Override
  public Optional<Instant> deliverAt() {
    return deliverAtMillis == 0
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(deliverAtMillis));
  }

  @Override
  public OptionalInt priority() {
    return priority < 0 ? OptionalInt.empty() : OptionalInt.of(priority);
  }

  @Override
  public Optional<String> shardingKey() {
    return optional(shardingKey);
  }

  @Override
  public Optional<MessageQueue> queue() {
    return brokerName.isEmpty()
        ? Optional.empty()
        : Optional.of(new MessageQueue(topic, brokerName, queueId));
  }

  private static Optional<String> optional(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  @Override
  public long sizeInBatch() {
    long bytesInAll =
        FIXED_BYTES
            + bodyLength()
            + Strings.utf8Length(tag)
            + Strings.utf8Length(keys)
            + Strings.utf8Length(shardingKey);
    for (String text : properties) {
      // Each is followed by a separator.
      bytesInAll += Strings.utf8Length(text) + 1;
    }
    return bytesInAll;
  }

  @Override
  public MessageBuilder toBuilder() {
    return new OutgoingMessageBuilder(this);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof OutgoingMessage that
        && topic.equals(that.topic)
        && tag.equals(that.tag)
        && keys.equals(that.keys)
        && shardingKey.equals(that.shardingKey)
        && brokerName.equals(that.brokerName)
        && replyTo.equals(that.replyTo)
        && flag == that.flag
        && delayLevel == that.delayLevel
        && queueId == that.queueId
        && deliverAtMillis == that.deliverAtMillis
        && priority == that.priority
        && properties().equals(that.properties())
        && hasBodyOf(that);
  }

  private boolean hasBodyOf(OutgoingMessage that) {
    if (segment == null && that.segment == null) {
      return Arrays.equals(bytes, that.bytes);
    }
    try {
      return bodySegment().mismatch(that.bodySegment()) < 0;
    } catch (IllegalStateException | WrongThreadException e) {
      // One of them cannot be read here.
      return segment != null && segment.equals(that.segment);
    }
  }

  @Override
  public int hashCode() {
    return 31 * topic.hashCode() + keys.hashCode();
  }

  /** Without the body, which may be large or secret. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Message[").append(topic);
    append(text, "tag", tag);
    append(text, "keys", keys);
    append(text, "shardingKey", shardingKey);
    append(text, "queue", brokerName.isEmpty() ? "" : brokerName + ":" + queueId);
    append(text, "deliverAt", deliverAt().map(Instant::toString).orElse(""));
    append(text, "delayLevel", delayLevel == 0 ? "" : Integer.toString(delayLevel));
    append(text, "priority", priority < 0 ? "" : Integer.toString(priority));
    return text.append(", ").append(bodyLength()).append(" bytes]").toString();
  }

  private static void append(StringBuilder text, String name, String value) {
    if (!value.isEmpty()) {
      text.append(", ").append(name).append('=').append(value);
    }
  }
}
