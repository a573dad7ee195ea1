package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import io.github.rocketffm.testing.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broadcasting consumers, against a real broker. */
@Tag("broker")
class BroadcastingBrokerTest {
  private static RocketMqServer server;
  @TempDir Path directory;

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
  }

  private static Producer producer() {
    return Producer.builder("producers")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(10))
        .start();
  }

  private PushConsumerBuilder member(String topic, String instance, List<String> bodies) {
    return PushConsumer.builder("broadcast-" + topic)
        .nameServers(server.nameServerAddress())
        .instanceName(instance)
        .consumeFrom(ConsumeFrom.firstOffset())
        .broadcasting()
        .offsetDirectory(directory)
        .subscribe(topic, FilterExpression.all())
        .listener(
            message -> {
              bodies.add(message.bodyAsString());
              return ConsumeResult.SUCCESS;
            });
  }

  private static void send(Producer producer, String topic, int first, int count) {
    for (int i = first; i < first + count; i++) {
      producer.send(Message.builder(topic).body("m" + i).build());
    }
  }

  @Test
  void everyMemberGetsAllAndGoesOnWhereItWas() throws Exception {
    Topics.create(server, "news", 4);
    List<String> first = new CopyOnWriteArrayList<>();
    List<String> second = new CopyOnWriteArrayList<>();
    try (Producer producer = producer()) {
      try (PushConsumer a = member("news", "a", first).start();
          PushConsumer b = member("news", "b", second).start()) {
        send(producer, "news", 0, 100);
        await().until(() -> first.size() >= 100 && second.size() >= 100);
        assertThat(a.statistics().assignedQueues()).isEqualTo(4);
        assertThat(b.statistics().assignedQueues()).isEqualTo(4);
        assertThat(server.admin("consumerConnection", "-g", "broadcast-news"))
            .contains("BROADCASTING");
      }
      assertThat(first).hasSize(100).doesNotHaveDuplicates();
      assertThat(second).containsExactlyInAnyOrderElementsOf(first);
      assertThat(directory.resolve("a/broadcast-news/offsets.json")).exists();
      send(producer, "news", 100, 50);
      try (PushConsumer a = member("news", "a", first).start()) {
        await().until(() -> a.statistics().messagesConsumed() == 50);
      }
    }
    assertThat(first).hasSize(150).doesNotHaveDuplicates();
  }

  @Test
  void whatFailsIsPassedOver() throws Exception {
    Topics.create(server, "flaky-news", 1);
    List<String> bodies = new CopyOnWriteArrayList<>();
    try (Producer producer = producer();
        PushConsumer consumer =
            member("flaky-news", "a", bodies)
                .listener(
                    message -> {
                      bodies.add(message.bodyAsString());
                      throw new IllegalStateException("on purpose");
                    })
                .start()) {
      send(producer, "flaky-news", 0, 5);
      await().until(() -> bodies.size() == 5 && consumer.statistics().cachedMessages() == 0);
      assertThat(consumer.statistics().messagesSentBack()).isZero();
    }
    List<String> again = new CopyOnWriteArrayList<>();
    try (Producer producer = producer();
        PushConsumer consumer = member("flaky-news", "a", again).start()) {
      send(producer, "flaky-news", 5, 1);
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
      assertThat(again).containsExactly("m5");
    }
  }

  @Test
  void anOffsetDirectoryThatCannotBeUsedFailsTheStart() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "in the way");
    assertThatThrownBy(
            () -> member("any", "a", new CopyOnWriteArrayList<>()).offsetDirectory(file).start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void twoOfOneGroupAndInstanceConflict() {
    List<String> bodies = new CopyOnWriteArrayList<>();
    try (PushConsumer first = member("any", "a", bodies).start()) {
      assertThat(first.statistics().messagesConsumed()).isZero();
      assertThatThrownBy(
              () -> member("any", "a", bodies).connectTimeout(Duration.ofSeconds(2)).start())
          .isInstanceOfSatisfying(
              RocketMqException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CONFLICT))
          .hasMessageContaining("instanceName");
    }
  }
}
