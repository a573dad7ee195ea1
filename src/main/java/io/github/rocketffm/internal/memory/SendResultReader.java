package io.github.rocketffm.internal.memory;

import io.github.rocketffm.internal.binding.rocketmq_send_result;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Makes results of what the library writes of them. Any thread. */
public final class SendResultReader {
  private static final long STATUS = rocketmq_send_result.send_status$offset();
  private static final long QUEUE_ID = rocketmq_send_result.queue_id$offset();
  private static final long QUEUE_OFFSET = rocketmq_send_result.queue_offset$offset();
  private static final long ATTEMPTS = rocketmq_send_result.attempts$offset();
  private static final long MESSAGE_ID = rocketmq_send_result.message_id$offset();
  private static final long OFFSET_MESSAGE_ID = rocketmq_send_result.offset_message_id$offset();
  private static final long BROKER_NAME = rocketmq_send_result.broker_name$offset();
  private static final long RECALL_HANDLE = rocketmq_send_result.recall_handle$offset();
  private static final long TRANSACTION = rocketmq_send_result.transaction$offset();

  private final QueueCache queues;

  public SendResultReader(QueueCache queues) {
    this.queues = queues;
  }

  /** A rocketmq_send_result at this address of the memory. */
  public NativeSendResult read(String topic, MemorySegment memory, long at) {
    long id = at + MESSAGE_ID;
    long idLength = length(memory, id);
    boolean hexId = HexId.fits(memory, id, idLength);
    long offsetId = at + OFFSET_MESSAGE_ID;
    long offsetIdLength = length(memory, offsetId);
    boolean hexOffsetId = HexId.fits(memory, offsetId, offsetIdLength);
    long broker = at + BROKER_NAME;
    int queueId = memory.get(ValueLayout.JAVA_INT, at + QUEUE_ID);
    return new NativeSendResult(
        memory.get(ValueLayout.JAVA_INT, at + STATUS),
        hexId ? HexId.high(memory, id) : 0,
        hexId ? HexId.low(memory, id) : 0,
        hexId ? null : Strings.get(memory, id, idLength),
        hexOffsetId ? HexId.high(memory, offsetId) : 0,
        hexOffsetId ? HexId.low(memory, offsetId) : 0,
        hexOffsetId ? null : Strings.get(memory, offsetId, offsetIdLength),
        queues.find(topic, memory, broker, length(memory, broker), queueId),
        memory.get(ValueLayout.JAVA_LONG, at + QUEUE_OFFSET),
        memory.get(ValueLayout.JAVA_INT, at + ATTEMPTS),
        memory.get(ValueLayout.JAVA_BYTE, at + RECALL_HANDLE) == 0
            ? ""
            : Strings.get(memory, at + RECALL_HANDLE, length(memory, at + RECALL_HANDLE)),
        memory.get(ValueLayout.JAVA_LONG, at + TRANSACTION));
  }

  /** Of a text that ends with a NUL. */
  private static long length(MemorySegment memory, long offset) {
    long end = offset;
    while (memory.get(ValueLayout.JAVA_BYTE, end) != 0) {
      end++;
    }
    return end - offset;
  }
}
