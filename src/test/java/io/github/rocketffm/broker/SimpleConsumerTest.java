package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.SimpleConsumerBuilder;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Receiving on demand, from a real broker. */
@Tag("broker")
class SimpleConsumerTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration SHORT = Duration.ofSeconds(1);

  /** Long enough to acknowledge in time on a busy machine, and shorter than the await duration. */
  private static final Duration MEDIUM = Duration.ofSeconds(5);

  private static RocketMqServer server;

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
  }

  private static Producer producer(RocketMqServer at) {
    return Producer.builder("producers")
        .nameServers(at.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(10))
        .start();
  }

  private static SimpleConsumerBuilder consumer(String group, String topic) {
    return SimpleConsumer.builder(group)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .awaitDuration(Duration.ofSeconds(8))
        .subscribe(topic, FilterExpression.all());
  }

  /** Sends m0, m1, …, so that the topic is there. */
  private static void send(String topic, int count) {
    try (Producer producer = producer(server)) {
      for (int i = 0; i < count; i++) {
        producer.send(Message.builder(topic).tag("t" + i % 2).body("m" + i).build());
      }
    }
  }

  /** So many at least. */
  private static List<ReceivedMessage> receive(
      SimpleConsumer consumer, int count, Duration invisible) {
    List<ReceivedMessage> all = new ArrayList<>();
    Instant end = Instant.now().plusSeconds(90);
    while (all.size() < count) {
      assertThat(Instant.now()).as("received so far: %s", all).isBefore(end);
      all.addAll(consumer.receive(16, invisible));
    }
    return all;
  }

  private static Set<String> bodies(List<ReceivedMessage> messages) {
    Set<String> all = new HashSet<>();
    messages.forEach(message -> all.add(message.bodyAsString()));
    return all;
  }

  @Test
  void whatIsAcknowledgedComesOnce() {
    send("simple-once", 40);
    try (SimpleConsumer consumer = consumer("simple-once-group", "simple-once").start()) {
      List<ReceivedMessage> messages = new ArrayList<>();
      while (messages.size() < 40) {
        for (ReceivedMessage message : receive(consumer, 1, MEDIUM)) {
          consumer.ack(message);
          messages.add(message);
        }
      }
      // Later than they would come again.
      assertThat(consumer.receive(16, SHORT)).isEmpty();
      assertThat(messages).hasSize(40);
      assertThat(bodies(messages)).hasSize(40);
      assertThat(messages)
          .allMatch(m -> m.topic().equals("simple-once") && m.reconsumeTimes() == 0);
      assertThat(consumer.statistics().messagesAcknowledged()).isEqualTo(40);
      assertThat(consumer.statistics().messagesLeftOut()).isZero();
    }
  }

  @Test
  void whatIsNotAcknowledgedComesAgainWithItsCount() {
    send("simple-again", 2);
    try (SimpleConsumer consumer = consumer("simple-again-group", "simple-again").start()) {
      List<ReceivedMessage> first = receive(consumer, 2, MEDIUM);
      consumer.ack(first.get(0));
      String kept = first.get(1).bodyAsString();
      for (int times = 1; times <= 2; times++) {
        List<ReceivedMessage> again = receive(consumer, 1, MEDIUM);
        assertThat(bodies(again)).containsExactly(kept);
        assertThat(again.getFirst().reconsumeTimes()).isEqualTo(times);
        assertThat(again.getFirst().topic()).isEqualTo("simple-again");
        assertThat(again.getFirst().messageId()).isEqualTo(first.get(1).messageId());
        assertThat(again.getFirst().tag()).isEqualTo(first.get(1).tag());
        if (times == 2) {
          consumer.ack(again.getFirst());
        }
      }
      assertThat(consumer.receive(16, SHORT)).isEmpty();
    }
  }

  @Test
  void theInvisibleDurationCanBeMadeLongerAndShorter() {
    send("simple-change", 1);
    try (SimpleConsumer consumer = consumer("simple-change-group", "simple-change").start()) {
      ReceivedMessage message = receive(consumer, 1, MEDIUM).getFirst();
      consumer.changeInvisibleDuration(message, LONG);
      assertThat(consumer.receive(16, SHORT)).isEmpty();
      Instant shortened = Instant.now();
      consumer.changeInvisibleDurationAsync(message, SHORT).join();
      ReceivedMessage again = receive(consumer, 1, LONG).getFirst();
      assertThat(Duration.between(shortened, Instant.now())).isLessThan(LONG);
      assertThat(again.messageId()).isEqualTo(message.messageId());
      assertThat(again.reconsumeTimes()).isEqualTo(1);
      consumer.ackAsync(again).join();
      assertThat(consumer.statistics().invisibleChanges()).isEqualTo(2);
    }
  }

  /** More consumers than queues, on virtual threads. */
  @Test
  void consumersOfAGroupShareATopic() throws Exception {
    send("simple-shared", 300);
    ConcurrentLinkedQueue<String> received = new ConcurrentLinkedQueue<>();
    Set<Integer> busy = ConcurrentHashMap.newKeySet();
    List<SimpleConsumer> consumers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        int number = i;
        SimpleConsumer consumer =
            consumer("simple-shared-group", "simple-shared").instanceName("member" + i).start();
        consumers.add(consumer);
        ends.add(
            threads.submit(
                () -> {
                  while (received.size() < 300) {
                    for (ReceivedMessage message : consumer.receive(4, LONG)) {
                      received.add(message.bodyAsString());
                      busy.add(number);
                      consumer.ack(message);
                    }
                  }
                }));
      }
      for (Future<?> end : ends) {
        end.get();
      }
      assertThat(received).doesNotHaveDuplicates().hasSize(300);
      assertThat(busy).hasSizeGreaterThan(1);
      String connection = server.admin("consumerConnection", "-g", "simple-shared-group");
      assertThat(connection).contains("CONSUME_POP", "CLUSTERING", "simple-shared");
    } finally {
      consumers.forEach(SimpleConsumer::close);
    }
  }

  @Test
  void filtersByTagAndByCondition() {
    try (Producer producer = producer(server);
        SimpleConsumer tagged =
            consumer("simple-tag-group", "simple-filter")
                .subscribe("simple-filter", FilterExpression.tags("a", "c"))
                .start();
        SimpleConsumer conditional =
            consumer("simple-sql-group", "simple-filter")
                .subscribe("simple-filter", FilterExpression.sql("price > 10 AND region = 'eu'"))
                .start()) {
      for (String tag : List.of("a", "b", "c")) {
        for (int price : new int[] {5, 15}) {
          for (String region : List.of("eu", "us")) {
            producer.send(
                Message.builder("simple-filter")
                    .tag(tag)
                    .property("price", "" + price)
                    .property("region", region)
                    .body(tag + price + region)
                    .build());
          }
        }
      }
      List<ReceivedMessage> byTag = receive(tagged, 8, LONG);
      assertThat(bodies(byTag))
          .containsExactlyInAnyOrder(
              "a5eu", "a5us", "a15eu", "a15us", "c5eu", "c5us", "c15eu", "c15us");
      assertThat(bodies(receive(conditional, 3, LONG)))
          .containsExactlyInAnyOrder("a15eu", "b15eu", "c15eu");
      assertThat(tagged.receive(16, LONG)).isEmpty();
      assertThat(conditional.receive(16, LONG)).isEmpty();
    }
  }

  @Test
  void severalTopicsAreReceivedFromAtOnce() {
    send("simple-one", 3);
    send("simple-two", 3);
    try (SimpleConsumer consumer = consumer("simple-several", "simple-one").start()) {
      consumer.subscribe("simple-two", FilterExpression.tags("t0"));
      List<ReceivedMessage> messages = receive(consumer, 5, LONG);
      assertThat(messages.stream().filter(m -> m.topic().equals("simple-two"))).hasSize(2);
      for (ReceivedMessage message : messages) {
        consumer.ack(message);
      }
      // Held at both, and told of by the one that has a message.
      var later = consumer.receiveAsync(16, LONG);
      send("simple-two", 1);
      assertThat(bodies(later.join())).containsExactly("m0");
      consumer.unsubscribe("simple-two");
      send("simple-two", 1);
      assertThat(consumer.receive(16, LONG)).isEmpty();
    }
  }

  @Test
  void whatABrokerRefusesIsToldInItsWords() {
    send("simple-refused", 1);
    try (SimpleConsumer consumer = consumer("simple-refused-group", "simple-refused").start()) {
      assertThatThrownBy(
              () -> {
                consumer.subscribe(
                    "simple-refused", FilterExpression.sql("this is ) no condition"));
                consumer.receive(1, LONG);
              })
          .isInstanceOfSatisfying(
              RocketMqException.class,
              e -> {
                assertThat(e.responseCode()).hasValue(23);
                assertThat(e.remark()).isPresent();
              });
      consumer.subscribe("simple-refused", FilterExpression.all());
      ReceivedMessage message = receive(consumer, 1, LONG).getFirst();
      consumer.ack(message);
      // A broker takes a second acknowledgement too.
      consumer.ack(message);
      assertThatThrownBy(() -> consumer.receive(0, LONG))
          .isInstanceOf(InvalidArgumentException.class);
      assertThatThrownBy(() -> consumer.receive(1, Duration.ofMillis(10)))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("invisibleDuration is PT0.01S: give 1 s to 12 h");
    }
  }

  @Test
  void aBrokerThatStartsAgainIsReceivedFromAgain() throws Exception {
    try (RocketMqServer own = RocketMqServer.start(Path.of("target/broker-test"));
        Producer producer = producer(own);
        SimpleConsumer consumer =
            SimpleConsumer.builder("simple-restart-group")
                .nameServers(own.nameServerAddress())
                .consumeFrom(ConsumeFrom.firstOffset())
                .awaitDuration(Duration.ofSeconds(10))
                .subscribe("simple-restart", FilterExpression.all())
                .start()) {
      producer.send(Message.builder("simple-restart").body("before").build());
      ReceivedMessage before = receive(consumer, 1, LONG).getFirst();
      producer.send(Message.builder("simple-restart").body("between").build());
      own.killBroker();
      assertThatThrownBy(() -> consumer.receive(1, LONG)).isInstanceOf(RocketMqException.class);
      own.startBroker();
      await()
          .ignoreExceptions()
          .untilAsserted(() -> assertThat(bodies(consumer.receive(16, LONG))).contains("between"));
      // The broker remembers what it gave out.
      consumer.ack(before);
      producer.send(Message.builder("simple-restart").body("after").build());
      assertThat(bodies(receive(consumer, 1, LONG))).containsExactly("after");
    }
  }
}
