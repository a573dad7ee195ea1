package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.Compression;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.MessageSplitter;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import io.github.rocketffm.testing.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All ways to send, on a real broker. */
@Tag("broker")
class SendingBrokerTest {
  private static RocketMqServer server;
  private final ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
  }

  private static ProducerBuilder builder() {
    return Producer.builder("senders")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(20));
  }

  private PushConsumer consumer(String topic) {
    return PushConsumer.builder("readers-of-" + topic)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe(topic, FilterExpression.all())
        .listener(
            message -> {
              received.add(message);
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  private static Message message(String topic, String body) {
    return Message.builder(topic).tag("t").key("k" + body).body(body).build();
  }

  @Test
  void aPriorityChoosesTheQueue() throws Exception {
    Topics.create(server, "urgencies", 4);
    try (Producer producer = builder().start()) {
      for (int priority : new int[] {0, 2, 3, 100}) {
        SendResult sent =
            producer.send(Message.builder("urgencies").body("x").priority(priority).build());
        // The highest that there is, for those beyond.
        assertThat(sent.queue().queueId()).isEqualTo(Math.min(priority, 3));
      }
    }
    try (PushConsumer consumer = consumer("urgencies")) {
      await().until(() -> received.size() == 4);
      assertThat(received)
          .extracting(message -> message.priority().orElseThrow())
          .containsExactlyInAnyOrder(0, 2, 3, 100);
      assertThat(consumer.isClosed()).isFalse();
    }
  }

  private void assertReceived(String topic, List<SendResult> sent) {
    try (PushConsumer consumer = consumer(topic)) {
      assertThat(sent).extracting(SendResult::messageId).doesNotHaveDuplicates();
      await().until(() -> received.size() >= sent.size());
      assertThat(received)
          .extracting(message -> message.queue().queueId() + ":" + message.queueOffset())
          .doesNotHaveDuplicates();
      assertThat(received)
          .extracting(ReceivedMessage::messageId)
          .containsExactlyInAnyOrderElementsOf(sent.stream().map(SendResult::messageId).toList());
      Map<String, ReceivedMessage> byId =
          received.stream().collect(Collectors.toMap(ReceivedMessage::messageId, m -> m));
      for (SendResult result : sent) {
        ReceivedMessage message = byId.get(result.messageId());
        assertThat(message.queueOffset()).isEqualTo(result.queueOffset());
        assertThat(message.queue()).isEqualTo(result.queue());
        assertThat(message.offsetMessageId()).isEqualTo(result.offsetMessageId());
      }
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }

  @Test
  void batchesAreStoredTogetherWithAResultForEachMessage() {
    List<SendResult> sent = new ArrayList<>();
    try (Producer producer = builder().start()) {
      List<Message> messages =
          IntStream.range(0, 500).mapToObj(i -> message("sent-batches", "m" + i)).toList();
      for (List<Message> batch : new MessageSplitter(10_000).split(messages)) {
        sent.addAll(producer.send(batch));
      }
      sent.addAll(producer.sendAsync(messages.subList(0, 10)).join());
    }
    assertThat(sent).hasSize(510);
    assertReceived("sent-batches", sent);
  }

  @Test
  void automaticBatchesKeepOneResultForEachMessage() {
    List<CompletableFuture<SendResult>> sends = new ArrayList<>();
    try (Producer producer = builder().autoBatch(Duration.ofMillis(5)).maxInFlight(5000).start()) {
      for (int i = 0; i < 2000; i++) {
        sends.add(producer.sendAsync(message("auto-batches", "m" + i)));
      }
    }
    assertReceived("auto-batches", sends.stream().map(CompletableFuture::join).toList());
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void compressedBodiesArriveUnpacked(Compression compression) {
    String topic = "compressed-" + compression;
    String body = "zusammendrückbar ".repeat(2000);
    SendResult sent;
    try (Producer producer = builder().compression(compression).compressLevel(9).start()) {
      sent = producer.send(Message.builder(topic).body(body).build());
    }
    assertReceived(topic, List.of(sent));
    assertThat(received.element().bodyAsString()).isEqualTo(body);
  }

  @Test
  void aKeyASelectorAndANameChooseTheQueue() {
    try (Producer producer = builder().start()) {
      producer.send(message("queues", "first"));
      await().until(() -> producer.queues("queues").size() == 4);
      List<MessageQueue> queues = producer.queues("queues");
      for (MessageQueue queue : queues) {
        Message named = Message.builder("queues").queue(queue).body("x").build();
        assertThat(producer.send(named).queue()).isEqualTo(queue);
        SendResult selected = producer.send(message("queues", "y"), (m, all) -> queue);
        assertThat(selected.queue()).isEqualTo(queue);
      }
      Message keyed = Message.builder("queues").shardingKey("customer-7").body("z").build();
      MessageQueue first = producer.send(keyed).queue();
      for (int i = 0; i < 10; i++) {
        assertThat(producer.sendAsync(keyed).join().queue()).isEqualTo(first);
      }
    }
  }

  @Test
  void timedMessagesComeAtTheirTimeUnlessTheyAreRecalled() {
    try (PushConsumer consumer = consumer("timed");
        Producer producer = builder().start()) {
      producer.send(message("timed", "now"));
      await().until(() -> received.size() == 1);
      Instant at = Instant.now().plusSeconds(4);
      SendResult kept = producer.send(Message.builder("timed").body("kept").deliverAt(at).build());
      SendResult recalled =
          producer.send(
              Message.builder("timed")
                  .body("recalled")
                  .deliverAfter(Duration.ofSeconds(4))
                  .build());
      assertThat(recalled.recallHandle()).isPresent();
      producer.recall("timed", recalled.recallHandle().orElseThrow());
      await().until(() -> received.size() == 2);
      assertThat(Instant.now()).isAfterOrEqualTo(at.minusMillis(1000));
      assertThat(received).extracting(ReceivedMessage::bodyAsString).contains("kept");
      // What is delivered cannot be recalled.
      assertThatThrownBy(() -> producer.recall("timed", kept.recallHandle().orElseThrow()))
          .isInstanceOf(RequestRejectedException.class)
          .hasMessageContaining("timestamp invalid");
      // A later message comes; the recalled one would have come before.
      producer.send(
          Message.builder("timed").body("last").deliverAfter(Duration.ofSeconds(3)).build());
      await().until(() -> received.stream().anyMatch(m -> m.bodyAsString().equals("last")));
      assertThat(received).extracting(ReceivedMessage::bodyAsString).doesNotContain("recalled");
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }

  @Test
  void aDelayBeyondTheBrokersLimitIsRefusedInItsWords() {
    Message tooLate =
        Message.builder("too-late").body("x").deliverAfter(Duration.ofDays(30)).build();
    try (Producer producer = builder().start()) {
      assertThatThrownBy(() -> producer.send(tooLate))
          .isInstanceOf(RequestRejectedException.class)
          .hasMessageContaining("code 13");
    }
  }
}
