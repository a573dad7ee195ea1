package io.github.rocketffm.internal.memory;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.internal.binding.rocketmq_message_view;
import io.github.rocketffm.internal.binding.rocketmq_string;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * A message of a batch, or one that was copied whole: of a batch, all but the body is copied when it arrives, the
 * properties as the bytes that they are. The body stays in the batch's native memory until somebody asks for it, or the
 * batch ends.
 */
public final class NativeMessage implements ReceivedMessage {
  private static final long LENGTH = rocketmq_string.length$offset();

  private static final MemorySegment MEMORY = Memory.ALL;
  private static final long TOPIC = rocketmq_message_view.topic$offset();
  private static final long MESSAGE_ID = rocketmq_message_view.message_id$offset();
  private static final long OFFSET_MESSAGE_ID = rocketmq_message_view.offset_message_id$offset();
  private static final long BROKER_NAME = rocketmq_message_view.broker_name$offset();
  private static final long QUEUE_ID = rocketmq_message_view.queue_id$offset();
  private static final long BORN_HOST = rocketmq_message_view.born_host$offset();
  private static final long STORE_HOST = rocketmq_message_view.store_host$offset();
  private static final long PROPERTIES = rocketmq_message_view.encoded_properties$offset();
  private static final long QUEUE_OFFSET = rocketmq_message_view.queue_offset$offset();
  private static final long MIN_OFFSET = rocketmq_message_view.queue_min_offset$offset();
  private static final long MAX_OFFSET = rocketmq_message_view.queue_max_offset$offset();
  private static final long CONSUME_START =
      rocketmq_message_view.consume_start_timestamp_ms$offset();
  private static final long BORN = rocketmq_message_view.born_timestamp_ms$offset();
  private static final long STORED = rocketmq_message_view.store_timestamp_ms$offset();
  private static final long BODY = rocketmq_message_view.body$offset();
  private static final long BODY_LENGTH = rocketmq_message_view.body_length$offset();
  private static final long RECONSUME_TIMES = rocketmq_message_view.reconsume_times$offset();
  private static final long FLAG = rocketmq_message_view.flag$offset();
  private static final long RECEIPT_HANDLE = rocketmq_message_view.receipt_handle$offset();

  private final BodyOwner batch;
  private final String topic;
  private final long messageIdHigh;
  private final long messageIdLow;
  private final String messageIdText;
  private final long offsetMessageIdHigh;
  private final long offsetMessageIdLow;
  private final String offsetMessageIdText;
  private final MessageQueue queue;
  private final String bornHost;
  private final String storeHost;
  private final byte[] encodedProperties;
  private final long queueOffset;
  private final long queueMinOffset;
  private final long queueMaxOffset;
  private final long consumeStartMillis;
  private final long bornMillis;
  private final long storeMillis;
  private final long bodyAddress;
  private final int bodyLength;
  private final int reconsumeTimes;
  private final int flag;
  private volatile byte[] body;
  private volatile boolean readInPlace;
  private Map<String, String> properties;

  /** By which a simple consumer acknowledges it; null in the messages of a push consumer. */
  private volatile String receiptHandle;

  /** Of a rocketmq_message_view at an address. */
  public NativeMessage(BodyOwner batch, long view, QueueCache queues, Hosts hosts) {
    this.batch = batch;
    topic = hosts.topics.find(Memory.address(view + TOPIC), length(view + TOPIC));
    long id = Memory.address(view + MESSAGE_ID);
    long idLength = length(view + MESSAGE_ID);
    boolean hexId = HexId.fits(MEMORY, id, idLength);
    messageIdHigh = hexId ? HexId.high(MEMORY, id) : 0;
    messageIdLow = hexId ? HexId.low(MEMORY, id) : 0;
    messageIdText = hexId ? null : Strings.get(MEMORY, id, idLength);
    long offsetId = Memory.address(view + OFFSET_MESSAGE_ID);
    long offsetIdLength = length(view + OFFSET_MESSAGE_ID);
    boolean hexOffsetId = HexId.fits(MEMORY, offsetId, offsetIdLength);
    offsetMessageIdHigh = hexOffsetId ? HexId.high(MEMORY, offsetId) : 0;
    offsetMessageIdLow = hexOffsetId ? HexId.low(MEMORY, offsetId) : 0;
    offsetMessageIdText = hexOffsetId ? null : Strings.get(MEMORY, offsetId, offsetIdLength);
    queue =
        queues.find(
            topic,
            MEMORY,
            Memory.address(view + BROKER_NAME),
            length(view + BROKER_NAME),
            MEMORY.get(ValueLayout.JAVA_INT, view + QUEUE_ID));
    bornHost = hosts.born.find(Memory.address(view + BORN_HOST), length(view + BORN_HOST));
    storeHost = hosts.store.find(Memory.address(view + STORE_HOST), length(view + STORE_HOST));
    encodedProperties = bytes(Memory.address(view + PROPERTIES), (int) length(view + PROPERTIES));
    queueOffset = Memory.address(view + QUEUE_OFFSET);
    queueMinOffset = Memory.address(view + MIN_OFFSET);
    queueMaxOffset = Memory.address(view + MAX_OFFSET);
    consumeStartMillis = Memory.address(view + CONSUME_START);
    bornMillis = Memory.address(view + BORN);
    storeMillis = Memory.address(view + STORED);
    bodyAddress = Memory.address(view + BODY);
    bodyLength = (int) Memory.address(view + BODY_LENGTH);
    reconsumeTimes = MEMORY.get(ValueLayout.JAVA_INT, view + RECONSUME_TIMES);
    flag = MEMORY.get(ValueLayout.JAVA_INT, view + FLAG);
    long handleLength = length(view + RECEIPT_HANDLE);
    if (handleLength > 0) {
      receiptHandle = Strings.get(MEMORY, Memory.address(view + RECEIPT_HANDLE), handleLength);
    }
  }

  /** The same with its body, for memory that goes at once. */
  public static NativeMessage copy(long view, QueueCache queues, Hosts hosts) {
    NativeMessage message = new NativeMessage(null, view, queues, hosts);
    message.copiedBody();
    return message;
  }

  /** Of a rocketmq_string at an address. */
  private static long length(long string) {
    return Memory.address(string + LENGTH);
  }

  private static byte[] bytes(long address, int length) {
    byte[] copy = new byte[length];
    MemorySegment.copy(MEMORY, ValueLayout.JAVA_BYTE, address, copy, 0, length);
    return copy;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public String messageId() {
    return messageIdText != null ? messageIdText : HexId.text(messageIdHigh, messageIdLow);
  }

  @Override
  public String offsetMessageId() {
    return offsetMessageIdText != null
        ? offsetMessageIdText
        : HexId.text(offsetMessageIdHigh, offsetMessageIdLow);
  }

  @Override
  public MessageQueue queue() {
    return queue;
  }

  @Override
  public long queueOffset() {
    return queueOffset;
  }

  private static OptionalLong known(long offset) {
    return offset < 0 ? OptionalLong.empty() : OptionalLong.of(offset);
  }

  @Override
  public OptionalLong queueMinOffset() {
    return known(queueMinOffset);
  }

  @Override
  public OptionalLong queueMaxOffset() {
    return known(queueMaxOffset);
  }

  @Override
  public Optional<Instant> consumeStartTimestamp() {
    return consumeStartMillis == 0
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(consumeStartMillis));
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
    return Instant.ofEpochMilli(bornMillis);
  }

  @Override
  public Instant storeTimestamp() {
    return Instant.ofEpochMilli(storeMillis);
  }

  @Override
  public String bornHost() {
    return bornHost;
  }

  @Override
  public String storeHost() {
    return storeHost;
  }

  @Override
  public Map<String, String> properties() {
    Map<String, String> known = properties;
    if (known == null) {
      known = Collections.unmodifiableMap(parse(encodedProperties));
      properties = known;
    }
    return known;
  }

  /** name U+0001 value U+0002 … */
  private static Map<String, String> parse(byte[] encoded) {
    Map<String, String> all = new LinkedHashMap<>();
    int begin = 0;
    int separator = -1;
    for (int i = 0; i <= encoded.length; i++) {
      if (i < encoded.length && encoded[i] == 1 && separator < 0) {
        separator = i;
      } else if (i == encoded.length || encoded[i] == 2) {
        if (separator > begin) {
          all.put(text(encoded, begin, separator), text(encoded, separator + 1, i));
        }
        begin = i + 1;
        separator = -1;
      }
    }
    return all;
  }

  private static String text(byte[] utf8, int from, int to) {
    return new String(utf8, from, to - from, StandardCharsets.UTF_8);
  }

  @Override
  public byte[] body() {
    byte[] known = body;
    if (known != null) {
      return known;
    }
    if (!batch.enter()) {
      return keptBody();
    }
    try {
      return copiedBody();
    } finally {
      batch.leave();
    }
  }

  private synchronized byte[] copiedBody() {
    if (body == null) {
      body = bytes(bodyAddress, bodyLength);
    }
    return body;
  }

  /** After the batch's end: what was copied before it, perhaps only just. */
  private byte[] keptBody() {
    byte[] kept = body;
    if (kept == null) {
      throw RocketMqException.builder(
              ErrorKind.INVALID_STATE,
              "the body of "
                  + this
                  + " was read without a copy, and is gone now that the listener has returned: call"
                  + " body() inside the listener to keep it")
          .build();
    }
    return kept;
  }

  @Override
  public int bodyLength() {
    return bodyLength;
  }

  @Override
  public int copyBody(byte[] target, int offset) {
    Objects.requireNonNull(target, "target");
    Objects.checkFromIndexSize(offset, bodyLength, target.length);
    byte[] known = body;
    if (known == null && batch.enter()) {
      try {
        readInPlace = true;
        MemorySegment.copy(MEMORY, ValueLayout.JAVA_BYTE, bodyAddress, target, offset, bodyLength);
      } finally {
        batch.leave();
      }
    } else {
      System.arraycopy(known == null ? keptBody() : known, 0, target, offset, bodyLength);
    }
    return bodyLength;
  }

  @Override
  public <T> T readBody(Function<? super MemorySegment, ? extends T> reader) {
    Objects.requireNonNull(reader, "reader");
    byte[] known = body;
    if (known != null || !batch.enter()) {
      byte[] kept = known == null ? keptBody() : known;
      return reader.apply(MemorySegment.ofArray(kept).asReadOnly());
    }
    // The arena's end makes what the reader keeps invalid, rather than dangerous.
    try (Arena arena = Arena.ofConfined()) {
      readInPlace = true;
      return reader.apply(
          MemorySegment.ofAddress(bodyAddress).reinterpret(bodyLength, arena, null).asReadOnly());
    } finally {
      batch.leave();
    }
  }

  /** Before the batch ends: keeps the body of a message that nobody read in place. */
  public void keepBody() {
    if (!readInPlace && body == null) {
      copiedBody();
    }
  }

  public String receiptHandle() {
    return receiptHandle;
  }

  public void receiptHandle(String changed) {
    receiptHandle = changed;
  }

  @Override
  public String toString() {
    return "ReceivedMessage[" + messageId() + " of " + queue + " at " + queueOffset + "]";
  }
}
