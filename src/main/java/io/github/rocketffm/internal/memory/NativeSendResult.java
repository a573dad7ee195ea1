package io.github.rocketffm.internal.memory;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SendStatus;
import java.util.Objects;
import java.util.Optional;

/** A result of a send. Ids are two numbers (see {@link HexId}), so that a send makes no texts that nobody reads. */
public final class NativeSendResult implements SendResult {
  private static final SendStatus[] STATUSES = SendStatus.values();

  private final SendStatus status;
  private final long messageIdHigh;
  private final long messageIdLow;

  /** Of an id that is no such number; otherwise null. */
  private final String messageIdText;

  private final long offsetMessageIdHigh;
  private final long offsetMessageIdLow;
  private final String offsetMessageIdText;
  private final MessageQueue queue;
  private final long queueOffset;
  private final int attempts;
  private final String recallHandle;
  private final long transaction;

  NativeSendResult(
      int status,
      long messageIdHigh,
      long messageIdLow,
      String messageIdText,
      long offsetMessageIdHigh,
      long offsetMessageIdLow,
      String offsetMessageIdText,
      MessageQueue queue,
      long queueOffset,
      int attempts,
      String recallHandle,
      long transaction) {
    this.status = STATUSES[status];
    this.messageIdHigh = messageIdHigh;
    this.messageIdLow = messageIdLow;
    this.messageIdText = messageIdText;
    this.offsetMessageIdHigh = offsetMessageIdHigh;
    this.offsetMessageIdLow = offsetMessageIdLow;
    this.offsetMessageIdText = offsetMessageIdText;
    this.queue = queue;
    this.queueOffset = queueOffset;
    this.attempts = attempts;
    this.recallHandle = recallHandle;
    this.transaction = transaction;
  }

  @Override
  public SendStatus status() {
    return status;
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

  @Override
  public int attempts() {
    return attempts;
  }

  @Override
  public Optional<String> recallHandle() {
    return recallHandle.isEmpty() ? Optional.empty() : Optional.of(recallHandle);
  }

  /** Of a half message, the number by which its producer ends it; otherwise 0. */
  public long transaction() {
    return transaction;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NativeSendResult that
        && status == that.status
        && queueOffset == that.queueOffset
        && attempts == that.attempts
        && messageId().equals(that.messageId())
        && offsetMessageId().equals(that.offsetMessageId())
        && queue.equals(that.queue);
  }

  @Override
  public int hashCode() {
    return Objects.hash(messageId(), queue, queueOffset);
  }

  @Override
  public String toString() {
    return "SendResult["
        + status
        + ", "
        + messageId()
        + " in "
        + queue
        + " at "
        + queueOffset
        + "]";
  }
}
