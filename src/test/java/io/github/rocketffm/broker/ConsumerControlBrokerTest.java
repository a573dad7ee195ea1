package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import io.github.rocketffm.testing.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What an application steers of a running consumer, against a real broker. */
@Tag("broker")
class ConsumerControlBrokerTest {
  private static RocketMqServer server;
  private final ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();

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

  private PushConsumerBuilder consumer(String group, String topic) {
    return withoutListener(group, topic).listener(this::take);
  }

  private static PushConsumerBuilder withoutListener(String group, String topic) {
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

  private static void send(Producer producer, String topic, int count) {
    for (int i = 0; i < count; i++) {
      producer.send(Message.builder(topic).body("m" + i).build());
    }
  }

  @Test
  void aSuspendedConsumerPullsButGivesNothingOut() throws Exception {
    Topics.create(server, "suspended", 4);
    try (Producer producer = producer();
        PushConsumer consumer = consumer("suspenders", "suspended").start()) {
      consumer.suspend();
      send(producer, "suspended", 20);
      await().until(() -> consumer.statistics().cachedMessages() == 20);
      assertThat(received).isEmpty();
      consumer.resume();
      await().until(() -> consumer.statistics().messagesConsumed() == 20);
      assertThat(bodies().stream().distinct()).hasSize(20);
    }
  }

  @Test
  void anOperatorSetsTheOffsetOfARunningConsumer() throws Exception {
    Topics.create(server, "reset", 2);
    try (Producer producer = producer();
        PushConsumer consumer = consumer("resetters", "reset").start()) {
      send(producer, "reset", 20);
      await().until(() -> consumer.statistics().messagesConsumed() == 20);
      String output =
          server.admin("resetOffsetByTime", "-g", "resetters", "-t", "reset", "-s", "1");
      await(output).until(() -> consumer.statistics().messagesConsumed() == 40);
      assertThat(bodies().stream().distinct()).hasSize(20);
    }
  }

  @Test
  void aListenerThatTakesTooLongLosesItsMessage() throws Exception {
    Topics.create(server, "slow", 1);
    CountDownLatch release = new CountDownLatch(1);
    try (Producer producer = producer();
        PushConsumer consumer =
            consumer("slowpokes", "slow")
                .consumeTimeout(Duration.ofSeconds(1))
                .listener(
                    message -> {
                      take(message);
                      if (message.reconsumeTimes() == 0) {
                        release.await();
                      }
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      send(producer, "slow", 1);
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
      assertThat(received.stream().map(ReceivedMessage::reconsumeTimes)).containsExactly(0, 1);
      release.countDown();
    }
  }

  @Test
  void theRestOfABatchComesAgainAfterItsOwnDelay() throws Exception {
    Topics.create(server, "batches", 1);
    AtomicBoolean first = new AtomicBoolean(true);
    AtomicLong failedAt = new AtomicLong();
    AtomicLong againAt = new AtomicLong();
    try (Producer producer = producer()) {
      send(producer, "batches", 8);
      try (PushConsumer consumer =
          withoutListener("batchers", "batches")
              .batchSize(8)
              .batchListener(
                  messages -> {
                    received.addAll(messages);
                    if (first.getAndSet(false)) {
                      failedAt.set(System.nanoTime());
                      return ConsumeResult.consumed(1).thenRetryAfterLevel(5);
                    }
                    if (messages.getFirst().reconsumeTimes() == 1) {
                      againAt.compareAndSet(0, System.nanoTime());
                    }
                    return ConsumeResult.SUCCESS;
                  })
              .start()) {
        await().until(() -> consumer.statistics().messagesConsumed() == 8);
        assertThat(bodies().stream().filter("m0"::equals)).hasSize(1);
        assertThat(bodies().stream().distinct()).hasSize(8);
        assertThat(againAt).doesNotHaveValue(0);
        // 5 s; by the broker's own schedule it would have been 3 s.
        assertThat(Duration.ofNanos(againAt.get() - failedAt.get()))
            .isGreaterThan(Duration.ofMillis(4500));
      }
    }
  }

  @Test
  void pullsKeepTheirInterval() throws Exception {
    Topics.create(server, "paced", 1);
    try (Producer producer = producer()) {
      send(producer, "paced", 20);
      long begin = System.nanoTime();
      try (PushConsumer consumer =
          consumer("pacers", "paced")
              .pullBatchSize(1)
              .pullInterval(Duration.ofMillis(50))
              .start()) {
        await().until(() -> consumer.statistics().messagesConsumed() == 20);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isGreaterThan(Duration.ofMillis(19 * 50));
    }
  }

  @Test
  void aQueueListenerLearnsOfEveryChange() throws Exception {
    Topics.create(server, "told", 4);
    Map<String, Set<MessageQueue>> told = new ConcurrentHashMap<>();
    Map<String, Boolean> virtual = new ConcurrentHashMap<>();
    try (PushConsumer first =
        consumer("tellers", "told")
            .instanceName("a")
            .queueListener(
                (topic, queues) -> {
                  told.put(topic, queues);
                  virtual.put(Thread.currentThread().getName(), Thread.currentThread().isVirtual());
                  throw new IllegalStateException("on purpose");
                })
            .start()) {
      await().until(() -> told.containsKey("told") && told.get("told").size() == 4);
      assertThat(told.get("told"))
          .allSatisfy(
              queue -> {
                assertThat(queue.topic()).isEqualTo("told");
                assertThat(queue.brokerName()).isEqualTo("broker-a");
              });
      try (PushConsumer second = consumer("tellers", "told").instanceName("b").start()) {
        await().until(() -> told.get("told").size() == 2);
        assertThat(second.statistics().assignedQueues()).isGreaterThanOrEqualTo(2);
      }
      await().until(() -> told.get("told").size() == 4);
      first.unsubscribe("told");
      await().until(() -> told.get("told").isEmpty());
    }
    assertThat(told).containsOnlyKeys("told");
    assertThat(virtual).isNotEmpty().doesNotContainValue(true);
    assertThat(virtual.keySet()).allMatch(name -> name.startsWith("rocketmq-events-"));
  }
}
