package io.github.rocketffm.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.ApachePeer;
import io.github.rocketffm.testing.ApachePeer.Seen;
import io.github.rocketffm.testing.RocketMqServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** This client and Apache's Java client on one broker. */
@Tag("peer")
class ApachePeerTest {
  private static final Path FOLDER = Path.of("target/peer-test");
  private static final byte[] SMALL = "hé 🙂".getBytes(StandardCharsets.UTF_8);
  // Both clients compress from 4 KB on.
  private static final byte[] COMPRESSED =
      "zusammendrückbar ".repeat(5000).getBytes(StandardCharsets.UTF_8);
  private static final Map<String, String> PROPERTIES =
      Map.of("größe", "🙂 42", "region", "eu-west");

  private static RocketMqServer server;
  private ApachePeer peer;
  private final ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = RocketMqServer.start(FOLDER);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void startPeer() throws Exception {
    peer = ApachePeer.start(FOLDER, server.nameServerAddress());
  }

  @AfterEach
  void stopPeer() {
    peer.close();
  }

  private Producer producer() {
    return Producer.builder("producers")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(20))
        .start();
  }

  private PushConsumer consumer(String group, String topic) {
    return PushConsumer.builder(group)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .rebalanceInterval(Duration.ofSeconds(1))
        .subscribe(topic, FilterExpression.all())
        .listener(
            message -> {
              received.add(message);
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  @Test
  void whatApachesClientSendsArrivesEqual() throws Exception {
    for (byte[] body : List.of(SMALL, COMPRESSED)) {
      received.clear();
      String topic = "from-apache-" + body.length;
      String id = peer.send(topic, "täg", "k1 k2", 7, body, PROPERTIES);
      try (PushConsumer consumer = consumer("ours-" + body.length, topic)) {
        await().until(() -> received.size() == 1);
        ReceivedMessage message = received.element();
        assertThat(message.body()).isEqualTo(body);
        assertThat(message.messageId()).isEqualTo(id);
        assertThat(message.tag()).contains("täg");
        assertThat(message.keys()).containsExactly("k1", "k2");
        assertThat(message.flag()).isEqualTo(7);
        assertThat(message.properties()).containsAllEntriesOf(PROPERTIES);
        assertThat(consumer.statistics().messagesUndecodable()).isZero();
      }
    }
  }

  @Test
  void whatWeSendArrivesEqualAtApachesClient() throws Exception {
    List<SendResult> sent = new ArrayList<>();
    List<byte[]> bodies = List.of(SMALL, COMPRESSED);
    try (Producer producer = producer()) {
      for (byte[] body : bodies) {
        MessageBuilder message =
            Message.builder("to-apache").tag("täg").key("k1", "k2").flag(7).body(body);
        PROPERTIES.forEach(message::property);
        sent.add(producer.send(message.build()));
      }
    }
    peer.consume("apaches", "to-apache");
    await().until(() -> peer.seen().size() == 2);
    for (int i = 0; i < 2; i++) {
      String id = sent.get(i).messageId();
      Seen seen =
          peer.seen().stream().filter(s -> s.messageId().equals(id)).findFirst().orElseThrow();
      assertThat(seen.body()).isEqualTo(bodies.get(i));
      assertThat(seen.tags()).isEqualTo("täg");
      assertThat(seen.keys()).isEqualTo("k1 k2");
      assertThat(seen.flag()).isEqualTo(7);
      assertThat(seen.properties()).containsAllEntriesOf(PROPERTIES);
    }
  }

  @Test
  void aGroupOfBothSharesTheQueuesWithoutADuplicate() throws Exception {
    String topic = "mixed";
    assertThat(
            server.admin(
                "updateTopic", "-b", server.brokerAddress(), "-t", topic, "-r", "4", "-w", "4"))
        .contains("create topic to");
    peer.consume("mixed-group", topic);
    try (PushConsumer ours = consumer("mixed-group", topic);
        Producer producer = producer()) {
      // Two queues of the topic, and the retry topic's one where it falls to us.
      await()
          .until(
              () -> {
                long own = ours.statistics().assignedQueues();
                return peer.queues(topic) == 2 && (own == 2 || own == 3);
              });
      Set<String> sent = new HashSet<>();
      for (int i = 0; i < 400; i++) {
        sent.add(producer.send(Message.builder(topic).body("m" + i).build()).messageId());
      }
      await().until(() -> received.size() + peer.seen().size() >= 400);
      List<String> all = new ArrayList<>();
      received.forEach(m -> all.add(m.messageId()));
      peer.seen().forEach(m -> all.add(m.messageId()));
      assertThat(all).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(sent);
      assertThat(received).hasSize(200);
      assertThat(server.admin("consumerConnection", "-g", "mixed-group"))
          .contains("JAVA", topic, "CLUSTERING");
      await()
          .until(
              () ->
                  server
                      .admin("consumerProgress", "-g", "mixed-group")
                      .contains("Consume Diff Total: 0"));
    }
    // What we held goes to the other member.
    await().until(() -> peer.queues(topic) == 4);
  }
}
