package io.github.rocketffm;

/**
 * One queue of a topic.
 *
 * @param topic the topic
 * @param brokerName the broker that has the queue
 * @param queueId the queue's number there, from 0
 */
public record MessageQueue(String topic, String brokerName, int queueId) {}
