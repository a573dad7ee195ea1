package io.github.rocketffm.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.Compression;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.ApachePeer;
import io.github.rocketffm.testing.ApachePeer.Seen;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the two clients send in each way, and the other one's consumer reads. */
@Tag("peer")
class SendingPeerTest {
  private static RocketMqServer server;
  private static ApachePeer peer;

  @BeforeAll
  static void startPeer() throws Exception {
    server = SharedServer.get();
    peer = ApachePeer.start(Path.of("target/peer-test"), server.nameServerAddress());
  }

  @AfterAll
  static void stopPeer() {
    peer.close();
  }

  private static ProducerBuilder builder() {
    return Producer.builder("senders")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(20));
  }

  private static Message message(String topic, String body) {
    return Message.builder(topic).tag("täg").property("p", "grün").body(body).build();
  }

  @Test
  void apachesConsumerReadsOurBatchesAndCompressedBodies() throws Exception {
    String topic = "batches-to-apache";
    List<SendResult> sent = new ArrayList<>();
    try (Producer producer = builder().start()) {
      sent.addAll(producer.send(List.of(message(topic, "1"), message(topic, "2"))));
    }
    try (Producer producer = builder().autoBatch(Duration.ofMillis(50)).start()) {
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      for (int i = 3; i < 10; i++) {
        sends.add(producer.sendAsync(message(topic, "" + i)));
      }
      sends.forEach(send -> sent.add(send.join()));
    }
    for (Compression compression : Compression.values()) {
      try (Producer producer = builder().compression(compression).start()) {
        sent.add(producer.send(message(topic, compression.name().repeat(3000))));
      }
    }
    peer.consume("batch-readers", topic);
    await().atMost(Duration.ofSeconds(60)).until(() -> peer.seen().size() == sent.size());
    assertThat(peer.seen())
        .extracting(Seen::messageId)
        .containsExactlyInAnyOrderElementsOf(sent.stream().map(SendResult::messageId).toList());
    assertThat(peer.seen()).extracting(Seen::tags).containsOnly("täg");
    for (Compression compression : Compression.values()) {
      assertThat(peer.seen())
          .extracting(Seen::bodyAsString)
          .contains(compression.name().repeat(3000));
    }
  }

  @Test
  void ourConsumerReadsApachesBatches() throws Exception {
    String topic = "batches-from-apache";
    List<byte[]> bodies = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      bodies.add(("m" + i).getBytes(StandardCharsets.UTF_8));
    }
    List<String> ids = peer.sendBatch(topic, bodies);
    ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();
    try (PushConsumer consumer =
        PushConsumer.builder("batch-readers-2")
            .nameServers(server.nameServerAddress())
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe(topic, FilterExpression.all())
            .listener(
                message -> {
                  received.add(message);
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      await().atMost(Duration.ofSeconds(60)).until(() -> received.size() == 10);
      assertThat(received)
          .extracting(ReceivedMessage::messageId)
          .containsExactlyInAnyOrderElementsOf(ids);
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }

  @Test
  void bothChooseTheSameQueueForAKey() throws Exception {
    String topic = "keys";
    assertThat(
            server.admin(
                "updateTopic", "-b", server.brokerAddress(), "-t", topic, "-r", "7", "-w", "7"))
        .contains("create topic to");
    try (Producer producer = builder().start()) {
      for (String key : List.of("a", "customer-7", "grün 🙂", "polygenelubricants", "0")) {
        Message keyed = Message.builder(topic).shardingKey(key).body("x").build();
        assertThat(producer.send(keyed).queue().queueId()).isEqualTo(peer.sendByHash(topic, key));
      }
    }
  }
}
