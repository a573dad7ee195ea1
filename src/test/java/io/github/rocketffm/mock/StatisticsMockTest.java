package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.ProducerStatistics;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.PushConsumerStatistics;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.SimpleConsumerStatistics;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What counters and gauges tell where one knows what they must. */
@Tag("mock")
class StatisticsMockTest {
  private static final int POP = 200050;

  /** The topic's, and the one of the group's retry topic. */
  private static final int QUEUES = 2;

  private static final int SYSTEM_BUSY = 2;
  private static final int MESSAGE_ILLEGAL = 13;
  private static final Duration LONG = Duration.ofSeconds(60);

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
    Awaitility.setDefaultTimeout(LONG);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder producer() {
    return Producer.builder("senders").nameServers(cluster.nameServers()).sendTimeout(LONG);
  }

  private static Message message(String body) {
    return Message.builder("orders").body(body).build();
  }

  @Test
  void sendsAreCountedByHowTheyEnd() {
    try (Producer producer = producer().start()) {
      producer.warmUp("orders");
      producer.send(message("a"));
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, 2, SYSTEM_BUSY, 0);
      assertThat(producer.send(message("b")).attempts()).isEqualTo(3);
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, 1, MESSAGE_ILLEGAL, 0);
      assertThatThrownBy(() -> producer.send(message("c")))
          .isInstanceOf(RequestRejectedException.class);
      producer.sendAsync(message("d")).join();
      await().until(() -> producer.statistics().inFlightCount() == 0);
      ProducerStatistics statistics = producer.statistics();
      assertThat(statistics.sendsAccepted()).isEqualTo(4);
      assertThat(statistics.sendsSucceeded()).isEqualTo(3);
      assertThat(statistics.sendsFailed()).isEqualTo(1);
      assertThat(statistics.sendsRetried()).isEqualTo(2);
      assertThat(statistics.oneWaySends()).isZero();
      assertThat(statistics.inFlightBytes()).isZero();
      assertThat(statistics.openTransactions()).isZero();
      assertThat(statistics.pendingChecks()).isZero();
      assertThat(statistics.waitingRequests()).isZero();
    }
  }

  @Test
  void oneWaySendsAreCountedByThemselves() {
    try (Producer producer = producer().start()) {
      for (int i = 0; i < 3; i++) {
        producer.sendOneWay(message("x"));
      }
      ProducerStatistics statistics = producer.statistics();
      assertThat(statistics.oneWaySends()).isEqualTo(3);
      assertThat(statistics.sendsAccepted()).isZero();
      assertThat(statistics.sendsSucceeded()).isZero();
    }
  }

  @Test
  void whatIsInFlightIsCountedWithItsBytes() {
    try (Producer producer = producer().start()) {
      producer.warmUp("orders");
      cluster.freeze(MockCluster.BROKER, 0);
      CompletableFuture<?> first = producer.sendAsync(message("12345"));
      CompletableFuture<?> second = producer.sendAsync(message("123"));
      ProducerStatistics statistics = producer.statistics();
      assertThat(statistics.inFlightCount()).isEqualTo(2);
      assertThat(statistics.inFlightBytes()).isEqualTo(8);
      assertThat(statistics.sendsAccepted()).isEqualTo(2);
      assertThat(statistics.sendsSucceeded()).isZero();
      cluster.thaw(MockCluster.BROKER, 0);
      first.join();
      second.join();
      await().until(() -> producer.statistics().inFlightCount() == 0);
      assertThat(producer.statistics().inFlightBytes()).isZero();
      assertThat(producer.statistics().sendsSucceeded()).isEqualTo(2);
    }
  }

  private PushConsumerBuilder consumer() {
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe("orders", FilterExpression.all());
  }

  private static Instant now() {
    return Instant.ofEpochMilli(System.currentTimeMillis());
  }

  @Test
  void aPushConsumerTellsWhatItHoldsAndWhen() {
    CountDownLatch goOn = new CountDownLatch(1);
    Instant begin = now();
    try (PushConsumer consumer =
        consumer()
            .concurrency(1)
            .listener(
                message -> {
                  goOn.await();
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      await().until(() -> consumer.statistics().assignedQueues() == QUEUES);
      assertThat(consumer.statistics().lastPull()).isEmpty();
      assertThat(consumer.statistics().lastConsume()).isEmpty();
      assertThat(consumer.statistics().pulls()).isZero();
      for (int i = 0; i < 3; i++) {
        cluster.put("orders", 0, "x".repeat(100));
      }
      await().until(() -> consumer.statistics().messagesReceived() == 3);
      await().until(() -> consumer.statistics().outstandingBatches() == 1);
      PushConsumerStatistics held = consumer.statistics();
      assertThat(held.cachedMessages()).isEqualTo(3);
      assertThat(held.cachedBytes()).isEqualTo(300);
      assertThat(held.messagesDelivered()).isEqualTo(1);
      assertThat(held.messagesConsumed()).isZero();
      // One for each message at the most, as each is stored by itself.
      assertThat(held.pulls()).isBetween(1L, 3L);
      assertThat(held.rebalances()).isPositive();
      assertThat(held.lastPull().orElseThrow()).isBetween(begin, now());
      assertThat(held.lastConsume()).isEmpty();
      Instant released = now();
      goOn.countDown();
      await().until(() -> consumer.statistics().messagesConsumed() == 3);
      await().until(() -> consumer.statistics().outstandingBatches() == 0);
      await().until(() -> consumer.statistics().cachedMessages() == 0);
      PushConsumerStatistics done = consumer.statistics();
      assertThat(done.cachedBytes()).isZero();
      assertThat(done.messagesDelivered()).isEqualTo(3);
      assertThat(done.messagesSentBack()).isZero();
      assertThat(done.messagesUndecodable()).isZero();
      assertThat(done.messagesFiltered()).isZero();
      assertThat(done.lastConsume().orElseThrow()).isBetween(released, now());
    }
  }

  @Test
  void roundsOfRebalanceAreCounted() {
    try (PushConsumer consumer =
        consumer()
            .rebalanceInterval(Duration.ofMillis(20))
            .listener(message -> ConsumeResult.SUCCESS)
            .start()) {
      await().until(() -> consumer.statistics().rebalances() >= 5);
      assertThat(consumer.statistics().assignedQueues()).isEqualTo(QUEUES);
    }
  }

  @Test
  void aSimpleConsumerCountsReceivesAndWhatTheyTook() {
    for (int i = 0; i < 3; i++) {
      cluster.put("orders", 0, "m" + i);
    }
    try (SimpleConsumer consumer =
        SimpleConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .subscribe("orders", FilterExpression.all())
            .awaitDuration(Duration.ZERO)
            .start()) {
      assertThat(consumer.statistics().receives()).isZero();
      assertThat(consumer.statistics().pops()).isZero();
      assertThat(consumer.receive(2, LONG)).hasSize(2);
      assertThat(consumer.statistics().receives()).isEqualTo(1);
      consumer.ack(consumer.receive(2, LONG).getFirst());
      assertThat(consumer.receive(2, LONG)).isEmpty();
      await().until(() -> consumer.statistics().callsInFlight() == 0);
      SimpleConsumerStatistics statistics = consumer.statistics();
      assertThat(statistics.receives()).isEqualTo(3);
      assertThat(statistics.pops())
          .isEqualTo(cluster.requests(MockCluster.BROKER, POP))
          .isPositive();
      assertThat(statistics.messagesReceived()).isEqualTo(3);
      assertThat(statistics.messagesAcknowledged()).isEqualTo(1);
      assertThat(statistics.messagesFiltered()).isZero();
      assertThat(statistics.messagesLeftOut()).isZero();
      assertThat(statistics.invisibleChanges()).isZero();
    }
  }
}
