package io.github.rocketffm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMq;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SendStatus;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the tests of a user need, who has no broker at hand. */
@Tag("unit")
class TestDoublesTest {
  @Test
  void aProducerCanBeStoodInFor() {
    SendResult result = SendResult.of("ID", new MessageQueue("orders", "broker", 0), 42);
    Producer producer =
        (Producer)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Producer.class},
                (proxy, method, arguments) -> result);
    SendResult sent = producer.send(Message.builder("orders").body("x").build());
    assertThat(sent.messageId()).isEqualTo("ID");
    assertThat(sent.status()).isEqualTo(SendStatus.SEND_OK);
    assertThat(sent.queueOffset()).isEqualTo(42);
    assertThat(sent.attempts()).isEqualTo(1);
    assertThat(sent.recallHandle()).isEmpty();
    assertThat(sent).isEqualTo(SendResult.of("ID", new MessageQueue("orders", "broker", 0), 42));
  }

  @Test
  void aListenerIsGivenAMessageThatNobodySent() throws Exception {
    MessageListener listener =
        message ->
            message.tag().orElse("").equals("bad") ? ConsumeResult.RETRY : ConsumeResult.SUCCESS;
    ReceivedMessage message =
        ReceivedMessage.builder("orders")
            .messageId("ID")
            .tag("bad")
            .key("a", "b")
            .shardingKey("s")
            .property("x", "y")
            .queue(new MessageQueue("orders", "broker-a", 2))
            .queueOffset(7)
            .reconsumeTimes(3)
            .flag(5)
            .body("hello")
            .build();
    assertThat(listener.consume(message)).isEqualTo(ConsumeResult.RETRY);
    assertThat(message.keys()).containsExactly("a", "b");
    assertThat(message.shardingKey()).contains("s");
    ReceivedMessage least = ReceivedMessage.builder("orders").build();
    assertThat(least.keys()).isEmpty();
    assertThat(least.shardingKey()).isEmpty();
    assertThat(least.queueMinOffset()).isEmpty();
    assertThat(least.queueMaxOffset()).isEmpty();
    assertThat(ReceivedMessage.builder("t").property("KEYS", " a  b ").build().keys())
        .containsExactly("a", "b");
    assertThat(message.property("x")).contains("y");
    assertThat(message.queue().queueId()).isEqualTo(2);
    assertThat(message.queueOffset()).isEqualTo(7);
    assertThat(message.reconsumeTimes()).isEqualTo(3);
    assertThat(message.flag()).isEqualTo(5);
    assertThat(message.bodyAsString()).isEqualTo("hello");
    assertThat(
            message.<String>readBody(
                body ->
                    new String(
                        body.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE),
                        StandardCharsets.UTF_8)))
        .isEqualTo("hello");
    byte[] target = new byte[6];
    assertThat(message.copyBody(target, 1)).isEqualTo(5);
    assertThatThrownBy(() -> message.copyBody(target, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void eachKindOfFailureHasAClassOfItsOwn() {
    Set<Class<?>> classes = new HashSet<>();
    for (ErrorKind kind : ErrorKind.values()) {
      RocketMqException failure =
          RocketMqException.builder(kind, "on purpose")
              .address("broker:10911")
              .topic("orders")
              .responseCode(14)
              .remark("busy")
              .attempts(2)
              .mayBeStored(true)
              .build();
      assertThat(failure.kind()).isEqualTo(kind);
      assertThat(failure).hasMessageContaining("on purpose").hasMessageContaining("broker:10911");
      assertThat(failure.responseCode()).hasValue(14);
      assertThat(failure.mayBeStored()).isTrue();
      assertThat(Modifier.isFinal(failure.getClass().getModifiers())).isTrue();
      classes.add(failure.getClass());
      RocketMqException again = failure.toBuilder().build();
      assertThat(again).hasSameClassAs(failure).hasMessage(failure.getMessage());
      assertThat(again.attempts()).isEqualTo(2);
    }
    assertThat(classes).hasSameSizeAs(ErrorKind.values());
  }

  @Test
  void theVersionIsKnown() {
    assertThat(RocketMq.version()).matches("\\d+\\.\\d+\\.\\d+.*");
    assertThat(RocketMq.version()).startsWith(RocketMq.nativeVersion());
  }
}
