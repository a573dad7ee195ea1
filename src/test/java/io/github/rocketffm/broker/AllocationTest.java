package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Ways to share out the queues of a topic, at a real broker. */
@Tag("broker")
class AllocationTest {
  private static RocketMqServer server;

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
  }

  /** Which queues each of two members consumed from, after a message to each of eight queues. */
  private static List<Set<Integer>> consume(
      String topic, AllocationStrategy first, AllocationStrategy second) throws Exception {
    assertThat(
            server.admin(
                "updateTopic", "-b", server.brokerAddress(), "-t", topic, "-r", "8", "-w", "8"))
        .contains("create topic to");
    ConcurrentLinkedQueue<Map.Entry<Integer, ReceivedMessage>> received =
        new ConcurrentLinkedQueue<>();
    List<PushConsumer> members = new ArrayList<>();
    try (Producer producer =
        Producer.builder("producers").nameServers(server.nameServerAddress()).start()) {
      for (AllocationStrategy strategy : List.of(first, second)) {
        int number = members.size();
        members.add(
            PushConsumer.builder(topic + "-group")
                .nameServers(server.nameServerAddress())
                .instanceName("member" + number)
                .consumeFrom(ConsumeFrom.firstOffset())
                .rebalanceInterval(Duration.ofSeconds(1))
                .allocation(strategy)
                .subscribe(topic, FilterExpression.all())
                .listener(
                    message -> {
                      received.add(Map.entry(number, message));
                      return ConsumeResult.SUCCESS;
                    })
                .start());
      }
      // The eight queues, and that of the retry topic.
      await()
          .until(
              () ->
                  members.stream().mapToLong(m -> m.statistics().assignedQueues()).sum() == 9
                      && members.stream().allMatch(m -> m.statistics().assignedQueues() > 0));
      for (int i = 0; i < 16; i++) {
        producer.send(Message.builder(topic).queue("broker-a", i % 8).body("m" + i).build());
      }
      await().until(() -> received.size() >= 16);
      assertThat(received).hasSize(16);
      List<Set<Integer>> queues = new ArrayList<>();
      for (int number = 0; number < 2; number++) {
        int member = number;
        queues.add(
            received.stream()
                .filter(entry -> entry.getKey() == member)
                .map(entry -> entry.getValue().queue().queueId())
                .collect(Collectors.toCollection(TreeSet::new)));
      }
      return queues;
    } finally {
      members.forEach(PushConsumer::close);
    }
  }

  @Test
  void byCircleDealsTheQueuesOneByOne() throws Exception {
    AllocationStrategy circle = AllocationStrategy.averagelyByCircle();
    assertThat(consume("allocation-circle", circle, circle))
        .containsExactlyInAnyOrder(Set.of(0, 2, 4, 6), Set.of(1, 3, 5, 7));
  }

  @Test
  void byConfigurationEachMemberHasWhatItIsTold() throws Exception {
    String topic = "allocation-configuration";
    List<MessageQueue> first = new ArrayList<>();
    List<MessageQueue> second = new ArrayList<>();
    for (int id = 0; id < 8; id++) {
      (id < 2 ? first : second).add(new MessageQueue(topic, "broker-a", id));
    }
    assertThat(
            consume(
                topic,
                AllocationStrategy.byConfiguration(first),
                AllocationStrategy.byConfiguration(second)))
        .containsExactly(Set.of(0, 1), Set.of(2, 3, 4, 5, 6, 7));
  }

  @Test
  void byConsistentHashEachQueueIsConsumedByOne() throws Exception {
    AllocationStrategy hash = AllocationStrategy.consistentHash(100);
    List<Set<Integer>> queues = consume("allocation-hash", hash, hash);
    assertThat(queues.get(0)).doesNotContainAnyElementsOf(queues.get(1));
    assertThat(queues.get(0).size() + queues.get(1).size()).isEqualTo(8);
  }
}
