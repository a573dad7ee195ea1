package io.github.rocketffm;

import java.util.Objects;
import java.util.Optional;

/** A result that no send made. */
record PlainSendResult(
    SendStatus status,
    String messageId,
    String offsetMessageId,
    MessageQueue queue,
    long queueOffset,
    int attempts,
    Optional<String> recallHandle)
    implements SendResult {
  PlainSendResult {
    Objects.requireNonNull(status, "status");
    Objects.requireNonNull(messageId, "messageId");
    Objects.requireNonNull(queue, "queue");
  }
}
