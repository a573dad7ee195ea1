package io.github.rocketffm;

/**
 * What the broker acknowledged.
 *
 * @param status how safely the message is stored
 * @param messageId the unique id that this client gave the message
 * @param offsetMessageId the id by which the broker finds the stored message
 * @param queue where it is stored
 * @param queueOffset its offset there
 * @param attempts attempts made, 1 and up
 */
public record SendResult(
    SendStatus status,
    String messageId,
    String offsetMessageId,
    MessageQueue queue,
    long queueOffset,
    int attempts) {}
