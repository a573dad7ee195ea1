package io.github.rocketffm.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.ApachePeer;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A simple consumer beside Apache's Java client. */
@Tag("peer")
class SimpleConsumerPeerTest {
  private static final byte[] COMPRESSED =
      "zusammendrückbar ".repeat(5000).getBytes(StandardCharsets.UTF_8);
  private static final Map<String, String> PROPERTIES =
      Map.of("größe", "🙂 42", "region", "eu-west");
  private static final Duration INVISIBLE = Duration.ofSeconds(1);

  private static List<ReceivedMessage> receive(SimpleConsumer consumer, int count) {
    List<ReceivedMessage> all = new ArrayList<>();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              all.addAll(consumer.receive(16, INVISIBLE));
              return all.size() >= count;
            });
    return all;
  }

  @Test
  void whatApachesClientSendsArrivesEqualAlsoWhenItComesAgain() throws Exception {
    RocketMqServer server = SharedServer.get();
    String topic = "simple-from-apache";
    Map<String, byte[]> sent = new HashMap<>();
    try (ApachePeer peer =
            ApachePeer.start(Path.of("target/peer-test"), server.nameServerAddress());
        Producer producer =
            Producer.builder("simple-peers").nameServers(server.nameServerAddress()).start();
        SimpleConsumer consumer =
            SimpleConsumer.builder("simple-beside-apache")
                .nameServers(server.nameServerAddress())
                .consumeFrom(ConsumeFrom.firstOffset())
                .awaitDuration(Duration.ofSeconds(5))
                .subscribe(topic, FilterExpression.tags("täg"))
                .start()) {
      for (byte[] body : List.of("hé 🙂".getBytes(StandardCharsets.UTF_8), COMPRESSED)) {
        sent.put(peer.send(topic, "täg", "k1 k2", 7, body, PROPERTIES), body);
      }
      String ours =
          producer.send(Message.builder(topic).tag("täg").body("ours").build()).messageId();
      // Another group of the topic, which consumes by pulls.
      peer.consume("apaches-beside-simple", topic);
      for (int times = 0; times < 2; times++) {
        List<ReceivedMessage> received = receive(consumer, 3);
        assertThat(received).hasSize(3);
        for (ReceivedMessage message : received) {
          assertThat(message.topic()).isEqualTo(topic);
          assertThat(message.reconsumeTimes()).isEqualTo(times);
          assertThat(message.tag()).contains("täg");
          if (message.messageId().equals(ours)) {
            assertThat(message.bodyAsString()).isEqualTo("ours");
          } else {
            assertThat(message.body()).isEqualTo(sent.get(message.messageId()));
            assertThat(message.keys()).containsExactly("k1", "k2");
            assertThat(message.flag()).isEqualTo(7);
            assertThat(message.properties()).containsAllEntriesOf(PROPERTIES);
          }
          if (times == 1) {
            consumer.ack(message);
          }
        }
      }
      await().atMost(Duration.ofSeconds(60)).until(() -> peer.seen().size() == 3);
      assertThat(consumer.receive(16, INVISIBLE)).isEmpty();
      assertThat(consumer.statistics().messagesLeftOut()).isZero();
    }
  }
}
