package io.github.rocketffm.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.RocketMqContainer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What only a container can do to a broker: freeze it, and kill name server and broker together. */
@Tag("container")
class ContainerTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private RocketMqContainer server;
  private final Set<String> received = ConcurrentHashMap.newKeySet();

  @BeforeEach
  void startServer() {
    server = new RocketMqContainer(System.getProperty("rocketmq.container.image"));
    server.start();
  }

  @AfterEach
  void stopServer() {
    server.stop();
  }

  private Producer producer() {
    return Producer.builder("producers")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(20))
        .start();
  }

  private PushConsumer consumer() {
    return PushConsumer.builder("consumers")
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe("crates", FilterExpression.all())
        .listener(this::take)
        .start();
  }

  private ConsumeResult take(ReceivedMessage message) {
    received.add(message.bodyAsString());
    return ConsumeResult.SUCCESS;
  }

  private static void send(Producer producer, int from, int to) {
    for (int i = from; i < to; i++) {
      producer.send(Message.builder("crates").body("m" + i).build());
    }
  }

  private void awaitAll(int count) {
    Set<String> expected =
        IntStream.range(0, count).mapToObj(i -> "m" + i).collect(Collectors.toSet());
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(received).containsAll(expected));
  }

  @Test
  void aFrozenBrokerCostsNoMoreThanTheTimeoutAndNothingIsLost() {
    try (Producer producer = producer();
        PushConsumer consumer = consumer()) {
      send(producer, 0, 50);
      awaitAll(50);
      server.pause();
      try {
        long begin = System.nanoTime();
        assertThatThrownBy(
                () ->
                    producer.send(
                        Message.builder("crates").body("frozen").build(), Duration.ofSeconds(2)))
            .isInstanceOf(DeadlineExceededException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
            .isBetween(Duration.ofMillis(1900), Duration.ofSeconds(20));
      } finally {
        server.unpause();
      }
      send(producer, 50, 100);
      awaitAll(100);
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }

  @Test
  void aRestartOfNameServerAndBrokerLosesNothing() {
    try (Producer producer = producer();
        PushConsumer consumer = consumer()) {
      send(producer, 0, 50);
      awaitAll(50);
      server.restart();
      send(producer, 50, 100);
      awaitAll(100);
      assertThat(consumer.statistics().assignedQueues()).isGreaterThanOrEqualTo(4);
    }
  }
}
