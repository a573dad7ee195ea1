package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidStateException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.MockCluster;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How long what a listener was given stays valid. */
@Tag("mock")
class ReceivedMessageMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
    org.awaitility.Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private PushConsumer consume(MessageListener listener) {
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .consumeFrom(ConsumeFrom.firstOffset())
        .heartbeatInterval(Duration.ofMillis(200))
        .subscribe("orders", FilterExpression.all())
        .listener(listener)
        .start();
  }

  /** Consumes one message, and returns it after its acknowledgement and the consumer's end. */
  private ReceivedMessage received(MessageListener listener) {
    AtomicReference<ReceivedMessage> received = new AtomicReference<>();
    try (PushConsumer consumer =
        consume(
            message -> {
              ConsumeResult result = listener.consume(message);
              received.set(message);
              return result;
            })) {
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
    }
    return received.get();
  }

  private SendResult send() {
    try (Producer producer = Producer.builder("p").nameServers(cluster.nameServers()).start()) {
      return producer.send(
          Message.builder("orders")
              .tag("paid")
              .key("a", "b")
              .shardingKey("s")
              .property("grün", "größer")
              .flag(7)
              .body("hello")
              .build());
    }
  }

  @Test
  void everythingIsValidAfterTheListener() {
    SendResult sent = send();
    ReceivedMessage message = received(m -> ConsumeResult.SUCCESS);
    assertThat(message.bodyAsString()).isEqualTo("hello");
    assertThat(message.bodyLength()).isEqualTo(5);
    assertThat(message.bodyBuffer().isReadOnly()).isTrue();
    assertThat(message.readBody(MemorySegment::byteSize)).isEqualTo(5);
    assertThat(message.copyBody(new byte[8], 3)).isEqualTo(5);
    assertThat(message.tag()).contains("paid");
    assertThat(message.keys()).containsExactly("a", "b");
    assertThat(message.shardingKey()).contains("s");
    assertThat(message.property("grün")).contains("größer");
    assertThat(message.properties()).containsEntry("UNIQ_KEY", sent.messageId());
    assertThatThrownBy(() -> message.properties().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(message.messageId()).isEqualTo(sent.messageId());
    assertThat(message.offsetMessageId()).isEqualTo(sent.offsetMessageId());
    assertThat(message.queue()).isEqualTo(sent.queue());
    assertThat(message.queueOffset()).isEqualTo(sent.queueOffset());
    assertThat(message.queueMinOffset()).hasValue(0);
    assertThat(message.queueMaxOffset()).hasValue(sent.queueOffset() + 1);
    assertThat(message.consumeStartTimestamp().orElseThrow())
        .isAfterOrEqualTo(message.bornTimestamp());
    assertThat(message.flag()).isEqualTo(7);
    assertThat(message.topic()).isEqualTo("orders");
    assertThat(message.bornHost()).startsWith("127.0.0.1:");
    assertThat(message.storeTimestamp()).isAfterOrEqualTo(message.bornTimestamp().minusSeconds(5));
    assertThat(message.toString()).contains(sent.messageId());
  }

  @Test
  void aBodyReadInPlaceIsGoneAfterTheListenerAndSaysSo() {
    send();
    AtomicReference<MemorySegment> kept = new AtomicReference<>();
    ReceivedMessage message =
        received(
            m -> {
              byte[] buffer = new byte[16];
              assertThat(m.copyBody(buffer, 1)).isEqualTo(5);
              assertThat(new String(buffer, 1, 5, StandardCharsets.UTF_8)).isEqualTo("hello");
              assertThatThrownBy(() -> m.copyBody(buffer, 12))
                  .isInstanceOf(IndexOutOfBoundsException.class);
              m.readBody(
                  segment -> {
                    kept.set(segment);
                    assertThat(segment.isReadOnly()).isTrue();
                    return segment.get(ValueLayout.JAVA_BYTE, 0);
                  });
              // What the reader kept is invalid, and no danger.
              assertThatThrownBy(() -> kept.get().get(ValueLayout.JAVA_BYTE, 0))
                  .isInstanceOf(IllegalStateException.class);
              return ConsumeResult.SUCCESS;
            });
    assertThatThrownBy(message::body)
        .isInstanceOf(InvalidStateException.class)
        .hasMessageContaining("body() inside the listener");
    assertThatThrownBy(() -> message.readBody(MemorySegment::byteSize))
        .isInstanceOf(InvalidStateException.class);
    assertThat(message.tag()).contains("paid");
  }

  @Test
  void aBodyThatWasCopiedToTheHeapStays() {
    send();
    ReceivedMessage message =
        received(
            m -> {
              m.copyBody(new byte[5], 0);
              m.body();
              return ConsumeResult.SUCCESS;
            });
    assertThat(message.bodyAsString()).isEqualTo("hello");
  }

  /** A listener that outlives the close of its consumer still has its message. */
  @Test
  void aBodyIsReadableUntilTheListenerEndsEvenAfterTheClose() throws Exception {
    send();
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    AtomicReference<String> body = new AtomicReference<>();
    PushConsumer consumer =
        consume(
            message -> {
              inside.countDown();
              closed.await();
              body.set(message.bodyAsString());
              return ConsumeResult.SUCCESS;
            });
    inside.await();
    consumer.close(Duration.ZERO);
    closed.countDown();
    await().until(() -> "hello".equals(body.get()));
  }

  @Test
  void listenersSeeTheApplicationsClassLoader() {
    send();
    AtomicReference<ClassLoader> seen = new AtomicReference<>();
    received(
        message -> {
          seen.set(Thread.currentThread().getContextClassLoader());
          return ConsumeResult.SUCCESS;
        });
    assertThat(seen.get()).isSameAs(Thread.currentThread().getContextClassLoader()).isNotNull();
  }
}
