package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.KeyedRun;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import io.github.rocketffm.testing.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Orderly consumers, against a real broker. */
@Tag("broker")
class OrderlyBrokerTest {
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
    return PushConsumer.builder(group)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .rebalanceInterval(Duration.ofSeconds(1))
        .orderly()
        .subscribe(topic, FilterExpression.all());
  }

  private ConsumeResult take(ReceivedMessage message) {
    received.add(message);
    return ConsumeResult.SUCCESS;
  }

  private List<String> bodies() {
    return received.stream().map(ReceivedMessage::bodyAsString).toList();
  }

  private static void send(Producer producer, String topic, int first, int count, int keys) {
    for (int i = first; i < first + count; i++) {
      String key = "k" + i % keys;
      producer.send(
          Message.builder(topic).shardingKey(key).body(KeyedRun.body(key, i / keys)).build());
    }
  }

  @Test
  void messagesOfAKeyComeInTheirOrderAndOneAtATime() throws Exception {
    Topics.create(server, "orderly", 4);
    KeyedRun run = new KeyedRun();
    Map<Integer, AtomicBoolean> busy = new ConcurrentHashMap<>();
    AtomicBoolean overlap = new AtomicBoolean();
    try (Producer producer = producer();
        PushConsumer consumer =
            consumer("orderlies", "orderly")
                .listener(
                    message -> {
                      AtomicBoolean queue =
                          busy.computeIfAbsent(
                              message.queue().queueId(), id -> new AtomicBoolean());
                      if (queue.getAndSet(true)) {
                        overlap.set(true);
                      }
                      run.add(message);
                      Thread.sleep(1);
                      queue.set(false);
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      send(producer, "orderly", 0, 400, 16);
      await().until(() -> consumer.statistics().messagesConsumed() >= 400);
    }
    assertThat(run.distinct()).isEqualTo(400);
    assertThat(run.disorder()).isEmpty();
    assertThat(run.duplicates()).isZero();
    assertThat(overlap).isFalse();
    assertThat(busy).hasSizeGreaterThan(1);
  }

  @Test
  void aFailedMessageBlocksItsQueueAndThenIsADeadLetter() throws Exception {
    Topics.create(server, "blocking", 1);
    try (Producer producer = producer()) {
      for (String body : List.of("a", "poison", "b")) {
        producer.send(Message.builder("blocking").tag("t").key("k").body(body).build());
      }
      try (PushConsumer consumer =
          consumer("blockers", "blocking")
              .maxReconsumeTimes(2)
              .suspendQueueTime(Duration.ofMillis(50))
              .listener(
                  message -> {
                    take(message);
                    return message.bodyAsString().equals("poison")
                        ? ConsumeResult.RETRY
                        : ConsumeResult.SUCCESS;
                  })
              .start()) {
        await().until(() -> consumer.statistics().messagesConsumed() == 2);
        assertThat(bodies()).containsExactly("a", "poison", "poison", "poison", "b");
        assertThat(received.stream().map(ReceivedMessage::reconsumeTimes))
            .containsExactly(0, 0, 1, 2, 0);
        assertThat(consumer.statistics().messagesSentBack()).isEqualTo(1);
      }
      received.clear();
      try (PushConsumer dead =
          PushConsumer.builder("undertakers")
              .nameServers(server.nameServerAddress())
              .consumeFrom(ConsumeFrom.firstOffset())
              .subscribe("%DLQ%blockers", FilterExpression.all())
              .listener(this::take)
              .start()) {
        await().until(() -> dead.statistics().messagesConsumed() == 1);
        assertThat(bodies()).containsExactly("poison");
        assertThat(received.element().tag()).contains("t");
        assertThat(received.element().keys()).containsExactly("k");
        assertThat(received.element().property("RETRY_TOPIC")).contains("blocking");
      }
    }
  }

  @Test
  void theRestOfABatchComesAgainAfterItsOwnSuspension() throws Exception {
    Topics.create(server, "partial", 1);
    AtomicBoolean first = new AtomicBoolean(true);
    try (Producer producer = producer()) {
      for (int i = 0; i < 8; i++) {
        producer.send(Message.builder("partial").body("m" + i).build());
      }
      try (PushConsumer consumer =
          consumer("partials", "partial")
              .batchSize(8)
              // The listener's own, much shorter one counts.
              .suspendQueueTime(Duration.ofSeconds(30))
              .batchListener(
                  messages -> {
                    received.addAll(messages);
                    return first.getAndSet(false)
                        ? ConsumeResult.consumed(1).thenSuspend(Duration.ofMillis(20))
                        : ConsumeResult.SUCCESS;
                  })
              .start()) {
        await()
            .atMost(Duration.ofSeconds(25))
            .until(() -> consumer.statistics().messagesConsumed() == 8);
        List<String> bodies = bodies();
        assertThat(bodies.stream().filter("m0"::equals)).hasSize(1);
        assertThat(bodies.stream().distinct())
            .containsExactly("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7");
      }
    }
  }

  @Test
  void aMemberThatLeavesHandsItsQueuesOverAtOnceAndInOrder() throws Exception {
    Topics.create(server, "handed", 4);
    KeyedRun run = new KeyedRun();
    try (Producer producer = producer();
        PushConsumer first =
            consumer("handers", "handed")
                .instanceName("a")
                .listener(
                    m -> {
                      run.add(m);
                      return ConsumeResult.SUCCESS;
                    })
                .start();
        PushConsumer second =
            consumer("handers", "handed")
                .instanceName("b")
                .listener(
                    m -> {
                      run.add(m);
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      await()
          .until(
              () ->
                  first.statistics().assignedQueues() >= 2
                      && second.statistics().assignedQueues() >= 2);
      send(producer, "handed", 0, 200, 16);
      await().until(() -> run.distinct() == 200);
      first.close();
      // Far below the minute after which a broker takes a lock back.
      await().atMost(Duration.ofSeconds(20)).until(() -> second.statistics().assignedQueues() == 5);
      send(producer, "handed", 200, 200, 16);
      await().until(() -> run.distinct() == 400);
      assertThat(run.disorder()).isEmpty();
      assertThat(run.duplicates()).isZero();
    }
  }

  @Test
  void operatorsSeeAnOrderlyConsumer() throws Exception {
    Topics.create(server, "watched", 1);
    try (Producer producer = producer();
        PushConsumer consumer = consumer("watchers", "watched").listener(this::take).start()) {
      producer.send(Message.builder("watched").body("x").build());
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
      Matcher client =
          Pattern.compile("(\\S+@\\d+#\\S+)")
              .matcher(server.admin("consumerConnection", "-g", "watchers"));
      assertThat(client.find()).isTrue();
      String status = server.admin("consumerStatus", "-g", "watchers", "-i", client.group(1));
      assertThat(status).containsPattern("PROP_CONSUMEORDERLY\\s*:\\s*true");
      // And may have it consume a message once more.
      String id = received.element().offsetMessageId();
      assertThat(
              server.admin(
                  "queryMsgById",
                  "-t",
                  "watched",
                  "-g",
                  "watchers",
                  "-d",
                  client.group(1),
                  "-i",
                  id))
          .contains("CR_SUCCESS");
      assertThat(received).hasSize(2);
      assertThat(consumer.statistics().messagesConsumed()).isEqualTo(1);
    }
  }
}
