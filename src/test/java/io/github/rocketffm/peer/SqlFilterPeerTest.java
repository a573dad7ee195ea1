package io.github.rocketffm.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.ApachePeer;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A group of ours and of Apache's Java client that share the queues of a topic, and one condition. */
@Tag("peer")
class SqlFilterPeerTest {
  private static final String CONDITION = "price > 10 AND region = 'eu'";

  @Test
  void aGroupOfBothFiltersByTheSameCondition() throws Exception {
    RocketMqServer server = SharedServer.get();
    String topic = "sql-mixed";
    assertThat(
            server.admin(
                "updateTopic", "-b", server.brokerAddress(), "-t", topic, "-r", "4", "-w", "4"))
        .contains("create topic to");
    ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();
    try (ApachePeer peer =
            ApachePeer.start(Path.of("target/peer-test"), server.nameServerAddress());
        Producer producer =
            Producer.builder("sql-peers").nameServers(server.nameServerAddress()).start()) {
      peer.consume("sql-mixed-group", topic, CONDITION);
      try (PushConsumer ours =
          PushConsumer.builder("sql-mixed-group")
              .nameServers(server.nameServerAddress())
              .consumeFrom(ConsumeFrom.firstOffset())
              .rebalanceInterval(Duration.ofSeconds(1))
              .subscribe(topic, FilterExpression.sql(CONDITION))
              .listener(
                  message -> {
                    received.add(message);
                    return ConsumeResult.SUCCESS;
                  })
              .start()) {
        await()
            .atMost(Duration.ofSeconds(60))
            .until(() -> peer.queues(topic) == 2 && ours.statistics().assignedQueues() >= 2);
        TreeSet<String> wanted = new TreeSet<>();
        for (int i = 0; i < 80; i++) {
          Map<String, String> properties =
              Map.of("price", "" + i % 20, "region", i % 3 == 0 ? "us" : "eu");
          // By turns, so that each client meets what both wrote.
          String id =
              i % 2 == 0
                  ? peer.send(
                      topic, "", "", 0, ("m" + i).getBytes(StandardCharsets.UTF_8), properties)
                  : producer
                      .send(
                          Message.builder(topic)
                              .property("price", properties.get("price"))
                              .property("region", properties.get("region"))
                              .body("m" + i)
                              .build())
                      .messageId();
          if (i % 20 > 10 && i % 3 != 0) {
            wanted.add(id);
          }
        }
        await()
            .atMost(Duration.ofSeconds(60))
            .until(() -> received.size() + peer.seen().size() >= wanted.size());
        TreeSet<String> seen = new TreeSet<>();
        received.forEach(message -> seen.add(message.messageId()));
        peer.seen().forEach(message -> seen.add(message.messageId()));
        assertThat(seen).isEqualTo(wanted);
        assertThat(received).isNotEmpty();
        assertThat(peer.seen()).isNotEmpty();
        assertThat(received.size() + peer.seen().size()).isEqualTo(wanted.size());
        assertThat(ours.statistics().messagesFiltered()).isZero();
      }
    }
  }
}
