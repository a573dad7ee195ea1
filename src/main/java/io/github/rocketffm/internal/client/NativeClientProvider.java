package io.github.rocketffm.internal.client;

import io.github.rocketffm.ClientConfigurationBuilder;
import io.github.rocketffm.ClientProvider;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SimpleConsumerBuilder;
import io.github.rocketffm.internal.calls.Runtime;
import io.github.rocketffm.internal.memory.OutgoingMessageBuilder;

/** Makes the builders of what stands on the native library. */
public final class NativeClientProvider implements ClientProvider {
  /** For the service loader. */
  public NativeClientProvider() {}

  @Override
  public ProducerBuilder producer(String group) {
    return new DefaultProducerBuilder(group);
  }

  @Override
  public PushConsumerBuilder pushConsumer(String group) {
    return new DefaultPushConsumerBuilder(group);
  }

  @Override
  public SimpleConsumerBuilder simpleConsumer(String group) {
    return new DefaultSimpleConsumerBuilder(group);
  }

  @Override
  public ClientConfigurationBuilder clientConfiguration() {
    return new DefaultClientConfiguration.Builder();
  }

  @Override
  public MessageBuilder message(String topic) {
    return new OutgoingMessageBuilder(topic);
  }

  @Override
  public MessageBuilder reply(ReceivedMessage request) {
    return OutgoingMessageBuilder.replyTo(request);
  }

  @Override
  public String nativeVersion() {
    return Runtime.version();
  }
}
