package io.github.rocketffm;

import java.util.Set;

/** Learns which queues a consumer has. */
@FunctionalInterface
public interface QueueListener {
  /**
   * Called after the queues of a topic have changed: after the start, when members of the group come or go, when the
   * topic gets or loses queues, when it is given up. Not called for the group's retry topic, nor at the consumer's
   * end. Runs on a thread of the library, one call at a time, in the order of the changes; may use the consumer, and
   * close it. What it throws is logged.
   *
   * @param topic the topic
   * @param queues all of the topic's queues that the consumer has now; unmodifiable
   */
  void queuesChanged(String topic, Set<MessageQueue> queues);
}
