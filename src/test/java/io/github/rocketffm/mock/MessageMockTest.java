package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.MockCluster;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Messages tell what they hold, and their bodies may lie anywhere. */
@Tag("mock")
class MessageMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private static MessageBuilder full() {
    return Message.builder("orders")
        .tag("paid")
        .key("k1", "k2")
        .property("a", "1")
        .property("b", "2")
        .flag(7)
        .deliverAt(Instant.ofEpochMilli(1_800_000_000_000L))
        .queue("broker-a", 3)
        .body("hello");
  }

  @Test
  void aMessageTellsAllThatItWasBuiltWith() {
    Message message = full().build();
    assertThat(message.topic()).isEqualTo("orders");
    assertThat(message.tag()).contains("paid");
    assertThat(message.keys()).containsExactly("k1", "k2");
    assertThat(message.properties())
        .containsExactly(java.util.Map.entry("a", "1"), java.util.Map.entry("b", "2"));
    assertThat(message.property("b")).contains("2");
    assertThat(message.property("c")).isEmpty();
    assertThat(message.flag()).isEqualTo(7);
    assertThat(message.deliverAt()).contains(Instant.ofEpochMilli(1_800_000_000_000L));
    assertThat(message.delayLevel()).isEmpty();
    assertThat(message.shardingKey()).isEmpty();
    assertThat(message.queue()).contains(new MessageQueue("orders", "broker-a", 3));
    assertThat(message.bodyAsString()).isEqualTo("hello");
    assertThat(message.bodyBuffer().remaining()).isEqualTo(5);
    assertThat(message.bodySegment().isReadOnly()).isTrue();
    assertThat(message.toString()).contains("orders", "paid", "broker-a:3", "5 bytes");
    Message least = Message.builder("t").build();
    assertThat(least.tag()).isEmpty();
    assertThat(least.keys()).isEmpty();
    assertThat(least.queue()).isEmpty();
    assertThat(least.deliverAt()).isEmpty();
  }

  @Test
  void messagesAreEqualByWhatTheyHold() {
    Message message = full().build();
    assertThat(message).isEqualTo(full().build()).hasSameHashCodeAs(full().build());
    assertThat(message.toBuilder().build()).isEqualTo(message);
    assertThat(message.toBuilder().tag("other").build()).isNotEqualTo(message);
    assertThat(message.toBuilder().body("other").build()).isNotEqualTo(message);
    assertThat(message.toBuilder().property("c", "3").build()).isNotEqualTo(message);
    // What was built does not follow its builder.
    MessageBuilder builder = message.toBuilder();
    builder.property("a", "9");
    assertThat(message.property("a")).contains("1");
  }

  @Test
  void aSelectorReadsTheMessage() {
    try (Producer producer = Producer.builder("group").nameServers(cluster.nameServers()).start()) {
      List<String> seen = new ArrayList<>();
      producer.send(
          Message.builder("orders").key("42").body("x").build(),
          (message, queues) -> {
            seen.addAll(message.keys());
            return queues.getFirst();
          });
      assertThat(seen).containsExactly("42");
    }
  }

  private List<String> sendAll(Message... messages) {
    try (Producer producer = Producer.builder("group").nameServers(cluster.nameServers()).start();
        SimpleConsumer consumer =
            SimpleConsumer.builder("billing")
                .nameServers(cluster.nameServers())
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("orders", FilterExpression.all())
                .start()) {
      for (Message message : messages) {
        producer.send(message);
        producer.sendAsync(message).join();
      }
      List<String> bodies = new ArrayList<>();
      while (bodies.size() < 2 * messages.length) {
        for (ReceivedMessage each : consumer.receive(32, Duration.ofMinutes(1))) {
          bodies.add(each.bodyAsString());
        }
      }
      return bodies;
    }
  }

  private static Message of(MemorySegment body) {
    return Message.builder("orders").body(body).build();
  }

  private static MemorySegment text(Arena arena, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
  }

  @Test
  void bodiesMayLieAnywhere() {
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      ByteBuffer direct = ByteBuffer.allocateDirect(20);
      direct.put("__direct__".getBytes(StandardCharsets.UTF_8)).flip().position(2).limit(8);
      ByteBuffer heap = ByteBuffer.wrap("__heap__".getBytes(StandardCharsets.UTF_8), 2, 4);
      List<String> bodies =
          sendAll(
              of(text(confined, "confined")),
              of(text(shared, "shared")),
              of(text(Arena.global(), "global")),
              of(text(Arena.ofAuto(), "automatic")),
              of(MemorySegment.ofArray("array".getBytes(StandardCharsets.UTF_8))),
              Message.builder("orders").body(direct).build(),
              Message.builder("orders").body(heap).build());
      assertThat(bodies)
          .containsOnly("confined", "shared", "global", "automatic", "array", "direct", "heap")
          .hasSize(14);
      assertThat(direct.position()).isEqualTo(2);
    }
  }

  @Test
  void aBodyThatIsGoneIsRefused() throws Exception {
    MemorySegment closed;
    try (Arena arena = Arena.ofShared()) {
      closed = text(arena, "closed");
    }
    try (Producer producer = Producer.builder("group").nameServers(cluster.nameServers()).start();
        Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> producer.send(of(closed)))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("the body cannot be read");
      assertThat(producer.sendAsync(of(closed)).exceptionNow())
          .isInstanceOf(InvalidArgumentException.class);
      Message foreign = of(text(arena, "of another thread"));
      Throwable[] thrown = new Throwable[1];
      Thread thread =
          Thread.ofPlatform().start(() -> thrown[0] = producer.sendAsync(foreign).exceptionNow());
      thread.join();
      assertThat(thrown[0]).isInstanceOf(InvalidArgumentException.class);
    }
  }

  @Test
  void aMessageThatSomebodyElseMadeIsSentToo() {
    Message real = Message.builder("orders").tag("t").body("made elsewhere").build();
    Message foreign =
        (Message)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Message.class},
                (proxy, method, arguments) -> method.invoke(real, arguments));
    assertThat(sendAll(foreign)).containsOnly("made elsewhere");
  }
}
