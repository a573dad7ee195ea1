package io.github.rocketffm;

import java.util.Objects;

/**
 * One queue of a topic.
 *
 * @param topic the topic
 * @param brokerName the broker that has the queue
 * @param queueId the queue's number there, from 0
 */
public record MessageQueue(String topic, String brokerName, int queueId) {
  /** Refuses nulls. */
  public MessageQueue {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(brokerName, "brokerName");
  }
}
