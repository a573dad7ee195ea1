package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerStatistics;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SendStatus;
import io.github.rocketffm.testing.RocketMqServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Semantics, against a real broker. */
@Tag("broker")
class BrokerTest {
  private static RocketMqServer server;
  private final ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = RocketMqServer.start(Path.of("target/broker-test"));
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private static Producer producer() {
    return Producer.builder("producers")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(10))
        .start();
  }

  private static void createTopic(String topic) throws Exception {
    String output =
        server.admin(
            "updateTopic", "-b", server.brokerAddress(), "-t", topic, "-r", "4", "-w", "4");
    assertThat(output).contains("create topic to");
    try (Producer producer = producer()) {
      // The name server learns of it a moment later.
      await()
          .ignoreExceptions()
          .until(
              () -> {
                producer.warmUp(topic);
                return true;
              });
    }
  }

  private PushConsumerBuilder consumer(String group, String topic) {
    return PushConsumer.builder(group)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe(topic, FilterExpression.all());
  }

  private ConsumeResult take(ReceivedMessage message) {
    received.add(message);
    return ConsumeResult.SUCCESS;
  }

  private List<String> bodies() {
    return received.stream().map(ReceivedMessage::bodyAsString).toList();
  }

  private String log() {
    return received.stream()
        .map(m -> m.queue().queueId() + ":" + m.queueOffset() + " " + m.bodyAsString())
        .collect(Collectors.joining(", "));
  }

  @Test
  void everythingThatAMessageCarriesComesBack() {
    byte[] large = new byte[200_000];
    new Random(1).nextBytes(large);
    String compressible = "zusammendrückbar ".repeat(5000);
    try (Producer producer = producer();
        PushConsumer consumer = consumer("carries", "carries").listener(this::take).start()) {
      SendResult small =
          producer.send(
              Message.builder("carries")
                  .tag("täg")
                  .key("k1", "k2")
                  .property("größe", "🙂 42")
                  .flag(7)
                  .body("hé")
                  .build());
      producer.send(Message.builder("carries").body(large).build());
      producer.sendAsync(Message.builder("carries").body(compressible).build()).join();
      producer.sendOneWay(Message.builder("carries").body("one way").build());
      await().until(() -> received.size() == 4);
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
      ReceivedMessage got =
          received.stream()
              .filter(m -> m.messageId().equals(small.messageId()))
              .findFirst()
              .orElseThrow();
      assertThat(got.bodyAsString()).isEqualTo("hé");
      assertThat(got.tag()).contains("täg");
      assertThat(got.keys()).containsExactly("k1", "k2");
      assertThat(got.property("größe")).contains("🙂 42");
      assertThat(got.flag()).isEqualTo(7);
      assertThat(got.queue()).isEqualTo(small.queue());
      assertThat(got.queueOffset()).isEqualTo(small.queueOffset());
      assertThat(got.offsetMessageId()).isEqualTo(small.offsetMessageId());
      assertThat(got.storeHost()).isEqualTo(server.brokerAddress());
    }
    assertThat(received).anyMatch(m -> java.util.Arrays.equals(m.body(), large));
    assertThat(bodies()).contains(compressible, "one way");
  }

  @Test
  void tagsAreFilteredAndAnotherGroupSeesAll() {
    ConcurrentLinkedQueue<ReceivedMessage> all = new ConcurrentLinkedQueue<>();
    try (Producer producer = producer()) {
      for (String tag : List.of("a", "b", "c", "a")) {
        producer.send(Message.builder("tags").tag(tag).body(tag).build());
      }
      producer.send(Message.builder("tags").body("untagged").build());
      try (PushConsumer some =
              consumer("tags-some", "tags")
                  .subscribe("tags", FilterExpression.tags("a", "c"))
                  .listener(this::take)
                  .start();
          PushConsumer every =
              consumer("tags-all", "tags")
                  .listener(
                      m -> {
                        all.add(m);
                        return ConsumeResult.SUCCESS;
                      })
                  .start()) {
        await().until(() -> all.size() == 5 && received.size() == 3);
        assertThat(bodies()).containsExactlyInAnyOrder("a", "c", "a");
        assertThat(every.statistics().messagesFiltered()).isZero();
        assertThat(some.statistics().messagesDelivered()).isEqualTo(3);
      }
    }
  }

  @Test
  void aFailedMessageComesAgainAndThenIsADeadLetter() throws Exception {
    try (Producer producer = producer()) {
      producer.send(Message.builder("retries").body("poison").build());
      try (PushConsumer consumer =
          consumer("retriers", "retries")
              .maxReconsumeTimes(2)
              .listener(
                  m -> {
                    take(m);
                    return ConsumeResult.retryAfterLevel(1);
                  })
              .start()) {
        await().until(() -> received.size() == 3);
        await().until(() -> consumer.statistics().messagesSentBack() == 3);
        assertThat(received.stream().map(ReceivedMessage::reconsumeTimes)).containsExactly(0, 1, 2);
        assertThat(received).allMatch(m -> m.topic().equals("retries"));
      }
    }
    await().until(() -> server.admin("topicStatus", "-t", "%DLQ%retriers").contains("broker-a"));
  }

  @Test
  void offsetsSurviveTheConsumer() {
    try (Producer producer = producer()) {
      for (int i = 0; i < 20; i++) {
        producer.send(Message.builder("survives").body("m" + i).build());
      }
      try (PushConsumer first = consumer("survivors", "survives").listener(this::take).start()) {
        await()
            .untilAsserted(
                () ->
                    assertThat(first.statistics().messagesConsumed()).as(this::log).isEqualTo(20));
      }
      for (int i = 20; i < 40; i++) {
        producer.send(Message.builder("survives").body("m" + i).build());
      }
      try (PushConsumer second = consumer("survivors", "survives").listener(this::take).start()) {
        await()
            .untilAsserted(
                () ->
                    assertThat(second.statistics().messagesConsumed()).as(this::log).isEqualTo(20));
      }
    }
    assertThat(bodies().stream().distinct()).hasSize(40);
    assertThat(received).hasSize(40);
  }

  /** A queue that is young holds nothing that a new group could have meant to skip: as Apache's client. */
  @Test
  void startsAtTheFirstMessageOfAYoungTopicOrAtATimestamp() throws Exception {
    createTopic("starts");
    try (Producer producer = producer()) {
      for (int i = 0; i < 8; i++) {
        producer.send(Message.builder("starts").body("old").build());
      }
      try (PushConsumer last =
          consumer("starts-last", "starts")
              .consumeFrom(ConsumeFrom.lastOffset())
              .listener(this::take)
              .start()) {
        producer.send(Message.builder("starts").body("new").build());
        await().until(() -> last.statistics().messagesConsumed() == 9);
        assertThat(bodies()).contains("new");
      }
      received.clear();
      try (PushConsumer timed =
          consumer("starts-timed", "starts")
              .consumeFrom(ConsumeFrom.timestamp(Instant.now().minusSeconds(3600)))
              .listener(this::take)
              .start()) {
        await().until(() -> timed.statistics().messagesConsumed() == 9);
      }
    }
  }

  @Test
  void twoMembersShareTheQueuesAndOneTakesOver() throws Exception {
    createTopic("shared");
    try (Producer producer = producer();
        PushConsumer first =
            consumer("sharers", "shared").instanceName("a").listener(this::take).start();
        PushConsumer second =
            consumer("sharers", "shared").instanceName("b").listener(this::take).start()) {
      await()
          .until(
              () ->
                  first.statistics().assignedQueues() >= 2
                      && second.statistics().assignedQueues() >= 2
                      && first.statistics().assignedQueues() + second.statistics().assignedQueues()
                          == 5);
      for (int i = 0; i < 100; i++) {
        producer.send(Message.builder("shared").body("m" + i).build());
      }
      await()
          .until(
              () ->
                  first.statistics().messagesConsumed() + second.statistics().messagesConsumed()
                      == 100);
      assertThat(received).hasSize(100);
      first.close();
      await().until(() -> second.statistics().assignedQueues() == 5);
      for (int i = 100; i < 150; i++) {
        producer.send(Message.builder("shared").body("m" + i).build());
      }
      await().until(() -> received.size() >= 150);
      assertThat(bodies().stream().distinct()).hasSize(150);
      assertThat(server.admin("consumerConnection", "-g", "sharers"))
          .contains("shared", "CLUSTERING", "CONSUME_PASSIVELY");
      await()
          .until(
              () ->
                  server
                      .admin("consumerProgress", "-g", "sharers")
                      .contains("Consume Diff Total: 0"));
    }
  }

  @Test
  void delayedMessagesComeLater() {
    try (Producer producer = producer();
        PushConsumer consumer = consumer("delays", "delays").listener(this::take).start()) {
      Instant sent = Instant.now();
      producer.send(Message.builder("delays").delayLevel(1).body("level").build());
      producer.send(Message.builder("delays").deliverAt(sent.plusSeconds(2)).body("timer").build());
      producer.send(Message.builder("delays").body("now").build());
      await().until(() -> consumer.statistics().messagesConsumed() == 3);
      assertThat(bodies().getFirst()).isEqualTo("now");
      assertThat(Duration.between(sent, Instant.now())).isGreaterThan(Duration.ofMillis(1000));
    }
  }

  @Test
  void theBrokersOwnLimitIsARefusal() {
    try (Producer producer =
        Producer.builder("large")
            .nameServers(server.nameServerAddress())
            .maxMessageSize(8 << 20)
            .neverCompress()
            .start()) {
      assertThatThrownBy(
              () -> producer.send(Message.builder("large").body(new byte[5 << 20]).build()))
          .isInstanceOf(RequestRejectedException.class);
      assertThat(producer.send(Message.builder("large").body(new byte[3 << 20]).build()).status())
          .isEqualTo(SendStatus.SEND_OK);
    }
  }

  @Test
  void aKilledBrokerLosesNothingThatWasAcknowledged() throws Exception {
    try (RocketMqServer own = RocketMqServer.start(Path.of("target/broker-test"));
        Producer producer =
            Producer.builder("kill")
                .nameServers(own.nameServerAddress())
                .sendTimeout(Duration.ofSeconds(5))
                .maxInFlight(200)
                .blockWhenFull(true)
                .start();
        PushConsumer consumer =
            PushConsumer.builder("killed")
                .nameServers(own.nameServerAddress())
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("kill", FilterExpression.all())
                .listener(this::take)
                .start()) {
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      CompletableFuture<Void> outage = new CompletableFuture<>();
      for (int i = 0; i < 3000; i++) {
        sends.add(producer.sendAsync(Message.builder("kill").body("m" + i).build()));
        if (i == 1000) {
          own.killBroker();
          // Sends go on while the broker is down, and while it starts.
          Thread.startVirtualThread(
              () -> {
                try {
                  own.startBroker();
                  outage.complete(null);
                } catch (Exception e) {
                  outage.completeExceptionally(e);
                }
              });
        }
      }
      CompletableFuture.allOf(sends.toArray(new CompletableFuture<?>[0]))
          .handle((done, e) -> null)
          .join();
      outage.join();
      producer.send(Message.builder("kill").body("after").build());
      ProducerStatistics statistics = producer.statistics();
      assertThat(statistics.sendsAccepted())
          .isEqualTo(statistics.sendsSucceeded() + statistics.sendsFailed());
      assertThat(statistics.inFlightCount()).isZero();
      long failed = sends.stream().filter(CompletableFuture::isCompletedExceptionally).count();
      // Those that the limit refused were never accepted.
      assertThat(statistics.sendsFailed()).isLessThanOrEqualTo(failed);
      List<String> acknowledged =
          sends.stream()
              .filter(s -> !s.isCompletedExceptionally())
              .map(s -> s.join().messageId())
              .toList();
      assertThat(acknowledged.size()).isGreaterThanOrEqualTo(800);
      await()
          .until(
              () ->
                  received.stream()
                      .map(ReceivedMessage::messageId)
                      .collect(Collectors.toSet())
                      .containsAll(acknowledged));
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }
}
