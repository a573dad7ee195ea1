package io.github.rocketffm.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.testing.ApachePeer;
import io.github.rocketffm.testing.ApachePeer.Seen;
import io.github.rocketffm.testing.KeyedRun;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import io.github.rocketffm.testing.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Orderly and broadcasting consumers of this client and of Apache's, side by side. */
@Tag("peer")
class ListeningPeerTest {
  private static final Path FOLDER = Path.of("target/peer-test");
  private static final int KEYS = 16;

  private record Delivery(long atMillis, String body) {}

  private RocketMqServer server;
  private ApachePeer peer;
  private final List<Delivery> ours = new CopyOnWriteArrayList<>();

  @BeforeEach
  void start() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
    peer = ApachePeer.start(FOLDER, server.nameServerAddress());
  }

  @AfterEach
  void stopPeer() {
    peer.close();
  }

  private PushConsumerBuilder consumer(String group, String topic) {
    return PushConsumer.builder(group)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .rebalanceInterval(Duration.ofSeconds(1))
        .subscribe(topic, FilterExpression.all())
        .listener(
            message -> {
              ours.add(new Delivery(System.currentTimeMillis(), message.bodyAsString()));
              return ConsumeResult.SUCCESS;
            });
  }

  private void send(Producer producer, String topic, int first, int count) {
    for (int i = first; i < first + count; i++) {
      String key = "k" + i % KEYS;
      producer.send(
          Message.builder(topic).shardingKey(key).body(KeyedRun.body(key, i / KEYS)).build());
    }
  }

  private KeyedRun deliveriesOfBoth() {
    List<Delivery> all = new ArrayList<>(ours);
    for (Seen seen : peer.seen()) {
      all.add(new Delivery(seen.seenAtMillis(), seen.bodyAsString()));
    }
    all.sort(Comparator.comparingLong(Delivery::atMillis));
    KeyedRun run = new KeyedRun();
    all.forEach(delivery -> run.add(delivery.body()));
    return run;
  }

  @Test
  void whatApachesProducerSendsInOrderWeConsumeInOrder() throws Exception {
    Topics.create(server, "apaches-order", 4);
    for (int i = 0; i < 160; i++) {
      String key = "k" + i % KEYS;
      peer.sendOrdered("apaches-order", key, KeyedRun.body(key, i / KEYS));
    }
    try (PushConsumer consumer = consumer("our-orderlies", "apaches-order").orderly().start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 160);
    }
    KeyedRun run = deliveriesOfBoth();
    assertThat(run.distinct()).isEqualTo(160);
    assertThat(run.disorder()).isEmpty();
    assertThat(run.duplicates()).isZero();
  }

  @Test
  void aMixedGroupKeepsTheOrderWhileItsMembersComeAndGo() throws Exception {
    String topic = "mixed-order";
    String group = "mixed-orderlies";
    Topics.create(server, topic, 4);
    try (Producer producer =
        Producer.builder("producers")
            .nameServers(server.nameServerAddress())
            .sendTimeout(Duration.ofSeconds(10))
            .start()) {
      peer.consumeOrderly(group, topic);
      await().until(() -> peer.queues(topic) == 4);
      send(producer, topic, 0, 160);
      await().until(() -> peer.seen().size() == 160);
      try (PushConsumer consumer = consumer(group, topic).orderly().start()) {
        // Under load while the queues change hands.
        int sent = 160;
        while (peer.queues(topic) != 2 || consumer.statistics().assignedQueues() < 2) {
          send(producer, topic, sent, KEYS);
          sent += KEYS;
          assertThat(sent).isLessThan(100_000);
        }
        send(producer, topic, sent, 160);
        int total = sent + 160;
        await().until(() -> deliveriesOfBoth().distinct() == total);
        assertThat(ours).isNotEmpty();
        assertThat(deliveriesOfBoth().disorder()).isEmpty();
        // Apache's member leaves, and we take over what it unlocked.
        peer.stopConsuming();
        send(producer, topic, total, 160);
        await().until(() -> deliveriesOfBoth().distinct() == total + 160);
        assertThat(deliveriesOfBoth().disorder()).isEmpty();
        peer.consumeOrderly(group, topic);
        await().until(() -> peer.queues(topic) == 2);
        send(producer, topic, total + 160, 160);
        await().until(() -> deliveriesOfBoth().distinct() == total + 320);
        consumer.close();
        // And Apache's takes over what we unlocked.
        await().until(() -> peer.queues(topic) == 4);
        send(producer, topic, total + 320, 160);
        await().until(() -> deliveriesOfBoth().distinct() == total + 480);
        assertThat(deliveriesOfBoth().disorder()).isEmpty();
      }
    }
  }

  @Test
  void aBroadcastReachesMembersOfBothClients(@TempDir Path directory) throws Exception {
    Topics.create(server, "mixed-news", 4);
    peer.consumeBroadcast("mixed-listeners", "mixed-news");
    try (PushConsumer consumer =
            consumer("mixed-listeners", "mixed-news")
                .broadcasting()
                .offsetDirectory(directory)
                .start();
        Producer producer =
            Producer.builder("producers").nameServers(server.nameServerAddress()).start()) {
      await().until(() -> consumer.statistics().assignedQueues() == 4);
      send(producer, "mixed-news", 0, 100);
      await().until(() -> ours.size() == 100 && peer.seen().size() == 100);
      assertThat(ours.stream().map(Delivery::body))
          .doesNotHaveDuplicates()
          .containsExactlyInAnyOrderElementsOf(
              peer.seen().stream().map(Seen::bodyAsString).toList());
    }
  }
}
