package io.github.rocketffm;

/**
 * Makes the builders of producers, consumers, configurations and messages: the library itself, found as a service.
 * Applications have no use for it; they begin with {@link Producer#builder}, {@link PushConsumer#builder}, {@link
 * SimpleConsumer#builder}, {@link ClientConfiguration#builder} and {@link Message#builder}. For any thread.
 */
public interface ClientProvider {
  /**
   * Begins a producer.
   *
   * @param group the producer group
   * @return a builder
   */
  ProducerBuilder producer(String group);

  /**
   * Begins a push consumer.
   *
   * @param group the consumer group
   * @return a builder
   */
  PushConsumerBuilder pushConsumer(String group);

  /**
   * Begins a simple consumer.
   *
   * @param group the consumer group
   * @return a builder
   */
  SimpleConsumerBuilder simpleConsumer(String group);

  /**
   * Begins a configuration.
   *
   * @return a builder
   */
  ClientConfigurationBuilder clientConfiguration();

  /**
   * Begins a message.
   *
   * @param topic the topic
   * @return a builder
   */
  MessageBuilder message(String topic);

  /**
   * Begins a reply.
   *
   * @param request what it replies to
   * @return a builder
   */
  MessageBuilder reply(ReceivedMessage request);

  /**
   * The version of the native library, which is loaded where it was not.
   *
   * @return such as {@code 0.1.0}
   */
  String nativeVersion();
}
