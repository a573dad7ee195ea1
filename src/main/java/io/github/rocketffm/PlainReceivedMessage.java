package io.github.rocketffm;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/** A message that nobody sent. */
final class PlainReceivedMessage implements ReceivedMessage {
  private static final String HOST = "127.0.0.1:0";

  private final String topic;
  private final Map<String, String> properties;
  private final String messageId;
  private final byte[] body;
  private final MessageQueue queue;
  private final long queueOffset;
  private final int reconsumeTimes;
  private final int flag;
  private final Instant made = Instant.now();

  PlainReceivedMessage(ReceivedMessageBuilder of) {
    topic = of.topic;
    properties = Collections.unmodifiableMap(new LinkedHashMap<>(of.properties));
    messageId = of.messageId;
    body = of.body;
    queue = of.queue;
    queueOffset = of.queueOffset;
    reconsumeTimes = of.reconsumeTimes;
    flag = of.flag;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public String messageId() {
    return messageId;
  }

  @Override
  public String offsetMessageId() {
    return messageId;
  }

  @Override
  public MessageQueue queue() {
    return queue;
  }

  @Override
  public long queueOffset() {
    return queueOffset;
  }

  @Override
  public OptionalLong queueMinOffset() {
    return OptionalLong.empty();
  }

  @Override
  public OptionalLong queueMaxOffset() {
    return OptionalLong.empty();
  }

  @Override
  public Optional<Instant> consumeStartTimestamp() {
    return Optional.empty();
  }

  @Override
  public int reconsumeTimes() {
    return reconsumeTimes;
  }

  @Override
  public int flag() {
    return flag;
  }

  @Override
  public Instant bornTimestamp() {
    return made;
  }

  @Override
  public Instant storeTimestamp() {
    return made;
  }

  @Override
  public String bornHost() {
    return HOST;
  }

  @Override
  public String storeHost() {
    return HOST;
  }

  @Override
  public Map<String, String> properties() {
    return properties;
  }

  @Override
  public byte[] body() {
    return body;
  }

  @Override
  public int bodyLength() {
    return body.length;
  }

  @Override
  public int copyBody(byte[] target, int offset) {
    Objects.requireNonNull(target, "target");
    Objects.checkFromIndexSize(offset, body.length, target.length);
    System.arraycopy(body, 0, target, offset, body.length);
    return body.length;
  }

  @Override
  public <T> T readBody(Function<? super MemorySegment, ? extends T> reader) {
    Objects.requireNonNull(reader, "reader");
    return reader.apply(MemorySegment.ofArray(body).asReadOnly());
  }

  @Override
  public String toString() {
    return "ReceivedMessage[" + messageId + " of " + queue + " at " + queueOffset + "]";
  }
}
