package io.github.rocketffm;

import java.util.List;

/** Chooses the queue of a message, so that messages that belong together stay in order. */
@FunctionalInterface
public interface QueueSelector {
  /**
   * Chooses. Called on the thread that sends, once for each send; attempts that follow go to the same queue.
   *
   * @param message the message
   * @param queues the topic's queues to send to, at least one, sorted by broker name and queue id
   * @return one of them; anything else ends the send with {@link InvalidArgumentException}
   */
  MessageQueue select(Message message, List<MessageQueue> queues);
}
