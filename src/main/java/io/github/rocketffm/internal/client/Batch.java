package io.github.rocketffm.internal.client;

import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.internal.memory.OutgoingMessage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;

/** Messages that go in one request. */
record Batch(List<OutgoingMessage> contents) {
  static Batch of(Collection<Message> messages) {
    List<OutgoingMessage> contents =
        new ArrayList<>(Objects.requireNonNull(messages, "messages").size());
    for (Message message : messages) {
      contents.add(OutgoingMessage.of(Objects.requireNonNull(message, "a message of the batch")));
    }
    return new Batch(contents);
  }

  /** Of the first message; the library refuses others beside it. */
  String topic() {
    return contents.isEmpty() ? "" : contents.getFirst().topic;
  }

  List<OutgoingMessage> notEmpty() {
    if (contents.isEmpty()) {
      throw InvalidArgumentException.of("the batch has no messages: give 1 to 32,767");
    }
    return contents;
  }
}
