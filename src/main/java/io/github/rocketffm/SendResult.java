package io.github.rocketffm;

import io.github.rocketffm.internal.HexId;
import java.util.Objects;

/** What the broker acknowledged. Immutable; the ids' texts are made when they are asked for. */
public final class SendResult {
  private static final SendStatus[] STATUSES = SendStatus.values();

  private final SendStatus status;
  // Ids as two numbers, so that a send makes no texts that nobody reads.
  private final long messageIdHigh;
  private final long messageIdLow;
  private final String messageIdText;
  private final long offsetMessageIdHigh;
  private final long offsetMessageIdLow;
  private final String offsetMessageIdText;
  private final MessageQueue queue;
  private final long queueOffset;
  private final int attempts;
  private final String recallHandle;
  private final long transaction;

  SendResult(
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

  /**
   * How safely the message is stored.
   *
   * @return the status; stored in each case
   */
  public SendStatus status() {
    return status;
  }

  /**
   * The unique id that this client gave the message.
   *
   * @return 32 upper-case hexadecimal digits
   */
  public String messageId() {
    return messageIdText != null ? messageIdText : HexId.text(messageIdHigh, messageIdLow);
  }

  /**
   * The id by which the broker finds the stored message.
   *
   * @return upper-case hexadecimal digits: of the broker's address, port and place in its log
   */
  public String offsetMessageId() {
    return offsetMessageIdText != null
        ? offsetMessageIdText
        : HexId.text(offsetMessageIdHigh, offsetMessageIdLow);
  }

  /**
   * Where the message is stored.
   *
   * @return the queue
   */
  public MessageQueue queue() {
    return queue;
  }

  /**
   * Its place in the queue.
   *
   * @return the offset, from 0
   */
  public long queueOffset() {
    return queueOffset;
  }

  /**
   * How many attempts the send took.
   *
   * @return 1 and up
   */
  public int attempts() {
    return attempts;
  }

  /**
   * By which a timed message can be recalled before it is delivered: {@link Producer#recall}.
   *
   * @return the handle; empty for a message that is not timed, and from brokers that give none
   */
  public String recallHandle() {
    return recallHandle;
  }

  /** Of a half message, the number by which its producer ends it; otherwise 0. */
  long transaction() {
    return transaction;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SendResult that
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
