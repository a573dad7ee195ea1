package io.github.rocketffm.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.ApachePeer;
import io.github.rocketffm.testing.NativeAllocation;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Queues are shared out as Apache's own classes do. */
@Tag("peer")
class AllocationPeerTest {
  private static final int KINDS = 5;
  private static final int ROUNDS = 300;

  private RocketMqServer server;
  private ApachePeer peer;

  @BeforeEach
  void startPeer() throws Exception {
    server = SharedServer.get();
    peer = ApachePeer.start(Path.of("target/peer-test"), server.nameServerAddress());
  }

  @AfterEach
  void stopPeer() {
    peer.close();
  }

  /** Sorted as all members of a group sort. */
  private static String randomQueues(Random random, String topic) {
    String[] brokers = {
      "broker-a", "broker-b", "east@b1", "west@b2", "east@b3@x", "north@b4@", "b\u00e4@5"
    };
    TreeSet<String> chosen = new TreeSet<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      chosen.add(brokers[random.nextInt(brokers.length)]);
    }
    List<String> queues = new ArrayList<>();
    for (String broker : chosen) {
      int count = 1 + random.nextInt(12);
      for (int id = 0; id < count; id++) {
        queues.add(topic + " " + broker + " " + id);
      }
    }
    return String.join(";", queues);
  }

  private static TreeSet<String> randomMembers(Random random) {
    TreeSet<String> members = new TreeSet<>();
    for (int i = random.nextInt(12); i >= 0; i--) {
      members.add(
          random.nextBoolean()
              ? "10.0.0." + random.nextInt(255) + "@" + random.nextInt(65536)
              : "h\u00f6st-" + random.nextInt(1000) + "@1#" + Long.toHexString(random.nextLong()));
    }
    return members;
  }

  private static String some(Random random, String queues) {
    List<String> chosen = new ArrayList<>();
    for (String queue : queues.split(";")) {
      if (random.nextInt(3) == 0) {
        chosen.add(queue);
      }
    }
    return String.join(";", chosen);
  }

  @Test
  void everyStrategyGivesWhatApachesGives() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Set<String> different = new HashSet<>();
    for (int round = 0; round < ROUNDS; round++) {
      int kind = round % KINDS;
      String queues = randomQueues(random, "topic-" + random.nextInt(100));
      TreeSet<String> members = randomMembers(random);
      String ids = String.join(",", members);
      String rooms = random.nextBoolean() ? "east" : "east,north,west";
      String configured = some(random, queues);
      int virtualNodes = random.nextBoolean() ? 10 : 1 + random.nextInt(50);
      List<String> selves = new ArrayList<>(members);
      for (String self : selves.subList(0, Math.min(3, selves.size()))) {
        String theirs = peer.allocate(kind, virtualNodes, rooms, configured, queues, ids, self);
        String ours =
            NativeAllocation.allocate(kind, virtualNodes, rooms, configured, queues, ids, self);
        assertThat(ours)
            .as("kind %d for %s of %s, seed %d: %s", kind, self, ids, seed, queues)
            .isEqualTo(theirs);
        different.add(kind + ours);
      }
    }
    // The comparison was not one of empty texts.
    assertThat(different).hasSizeGreaterThan(ROUNDS);
  }

  @Test
  void aGroupOfBothSharesTheQueuesByConsistentHash() throws Exception {
    String topic = "hash-mixed";
    assertThat(
            server.admin(
                "updateTopic", "-b", server.brokerAddress(), "-t", topic, "-r", "16", "-w", "16"))
        .contains("create topic to");
    ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();
    peer.allocateByConsistentHash();
    peer.consume("hash-mixed-group", topic);
    try (PushConsumer ours =
            PushConsumer.builder("hash-mixed-group")
                .nameServers(server.nameServerAddress())
                .consumeFrom(ConsumeFrom.firstOffset())
                .rebalanceInterval(Duration.ofSeconds(1))
                .allocation(AllocationStrategy.consistentHash())
                .subscribe(topic, FilterExpression.all())
                .listener(
                    message -> {
                      received.add(message);
                      return ConsumeResult.SUCCESS;
                    })
                .start();
        Producer producer =
            Producer.builder("hash-peers").nameServers(server.nameServerAddress()).start()) {
      // Our number may have the retry topic's queue in it.
      await()
          .atMost(Duration.ofSeconds(90))
          .until(
              () -> {
                int theirs = peer.queues(topic);
                long own = ours.statistics().assignedQueues();
                return theirs < 16 && (theirs + own == 16 || theirs + own == 17);
              });
      Set<String> sent = new HashSet<>();
      for (int i = 0; i < 160; i++) {
        sent.add(producer.send(Message.builder(topic).body("m" + i).build()).messageId());
      }
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> received.size() + peer.seen().size() >= 160);
      List<String> all = new ArrayList<>();
      received.forEach(message -> all.add(message.messageId()));
      peer.seen().forEach(message -> all.add(message.messageId()));
      assertThat(all).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(sent);
    }
  }
}
