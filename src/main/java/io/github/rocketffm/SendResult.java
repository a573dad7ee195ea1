package io.github.rocketffm;

import java.util.Optional;

/** What the broker acknowledged. Immutable; the ids' texts are made when they are asked for. */
public interface SendResult {
  /**
   * Makes a result, for tests of what a program does with it.
   *
   * @param messageId the unique id
   * @param queue where the message is stored
   * @param queueOffset its place there
   * @return a result with the status {@link SendStatus#SEND_OK}, of the first attempt
   */
  static SendResult of(String messageId, MessageQueue queue, long queueOffset) {
    return of(SendStatus.SEND_OK, messageId, queue, queueOffset);
  }

  /**
   * Makes a result, for tests of what a program does with it.
   *
   * @param status how safely the message is stored
   * @param messageId the unique id
   * @param queue where the message is stored
   * @param queueOffset its place there
   * @return a result of the first attempt
   */
  static SendResult of(SendStatus status, String messageId, MessageQueue queue, long queueOffset) {
    return new PlainSendResult(
        status, messageId, messageId, queue, queueOffset, 1, Optional.empty());
  }

  /**
   * How safely the message is stored.
   *
   * @return the status; stored in each case
   */
  SendStatus status();

  /**
   * The unique id that this client gave the message.
   *
   * @return 32 upper-case hexadecimal digits
   */
  String messageId();

  /**
   * The id by which the broker finds the stored message.
   *
   * @return upper-case hexadecimal digits: of the broker's address, port and place in its log
   */
  String offsetMessageId();

  /**
   * Where the message is stored.
   *
   * @return the queue
   */
  MessageQueue queue();

  /**
   * Its place in the queue.
   *
   * @return the offset, from 0
   */
  long queueOffset();

  /**
   * How many attempts the send took.
   *
   * @return 1 and up
   */
  int attempts();

  /**
   * By which a timed message can be recalled before it is delivered: {@link Producer#recall}.
   *
   * @return the handle; none for a message that is not timed, and from brokers that give none
   */
  Optional<String> recallHandle();
}
