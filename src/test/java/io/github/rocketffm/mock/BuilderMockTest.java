package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.MockCluster;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A builder may be used again. */
@Tag("mock")
class BuilderMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  @Test
  void aListenerReplacesTheEarlierOneOfItsKind() {
    AtomicInteger largest = new AtomicInteger();
    AtomicInteger consumed = new AtomicInteger();
    PushConsumerBuilder builder =
        PushConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .consumeFrom(ConsumeFrom.firstOffset())
            .batchSize(32)
            .batchListener(messages -> ConsumeResult.RETRY)
            .subscribe("orders", FilterExpression.all());
    builder.start().close();
    for (int i = 0; i < 200; i++) {
      cluster.put("orders", 0, "m" + i);
    }
    builder.batchListener(
        messages -> {
          largest.accumulateAndGet(messages.size(), Math::max);
          consumed.addAndGet(messages.size());
          return ConsumeResult.SUCCESS;
        });
    try (PushConsumer consumer = builder.start()) {
      await().until(() -> consumed.get() == 200);
      assertThat(largest.get()).isGreaterThan(1);
    }
  }

  @Test
  void listenersOfBothKindsAreRefused() {
    PushConsumerBuilder builder =
        PushConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .batchListener(messages -> ConsumeResult.SUCCESS)
            .listener(message -> ConsumeResult.SUCCESS);
    assertThatThrownBy(builder::start)
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContainingAll("both listener and batchListener", "call one of them");
  }

  @Test
  void limitsAreThoseOfTheMethod() {
    assertThatThrownBy(() -> PushConsumer.builder("g").maxReconsumeTimes(-2))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining(
            "maxReconsumeTimes is -2: give 1 to 1,000,000, 0 for no further delivery, or -1 for the default");
    assertThatThrownBy(() -> PushConsumer.builder("g").maxReconsumeTimes(1_000_001))
        .hasMessageContaining("give 1 to 1,000,000");
    assertThatThrownBy(() -> Producer.builder("g").compressThreshold(0))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("compressThreshold is 0: give 1 or more, or call neverCompress()");
    assertThatThrownBy(() -> Producer.builder("g").compressThreshold(-1))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("compressThreshold is -1: give 1 or more, or call neverCompress()");
    assertThatThrownBy(() -> Producer.builder("g").sendTimeout(Duration.ofMinutes(11)))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("sendTimeout is PT11M: give 1 ms to 10 min");
    assertThatThrownBy(() -> Producer.builder("g").heartbeatInterval(Duration.ofMillis(9)))
        .hasMessageContaining("heartbeatInterval is PT0.009S: give 10 ms to 1 h");
    assertThatThrownBy(() -> Producer.builder("g").autoBatch(Duration.ofHours(1)))
        .hasMessageContaining("autoBatch is PT1H: give 1 ms to 1 min");
    assertThatThrownBy(() -> PushConsumer.builder("g").consumeTimeout(Duration.ofDays(2)))
        .hasMessageContaining("consumeTimeout is PT48H: give 1 s to 24 h");
    assertThatThrownBy(() -> PushConsumer.builder("g").suspendQueueTime(Duration.ofMinutes(1)))
        .hasMessageContaining("suspendQueueTime is PT1M: give 10 ms to 30 s");
    assertThatThrownBy(() -> SimpleConsumer.builder("g").awaitDuration(Duration.ofMinutes(11)))
        .hasMessageContaining("awaitDuration is PT11M: give 1 ms to 10 min");
  }

  @Test
  void whatIsSetAfterTheStartIsOfTheNextOne() {
    ProducerBuilder builder =
        Producer.builder("group").nameServers(cluster.nameServers()).maxMessageSize(10);
    Message message = Message.builder("orders").body("more than ten").build();
    try (Producer small = builder.start()) {
      builder.maxMessageSize(1000);
      try (Producer large = builder.start()) {
        large.send(message);
        assertThat(small.sendAsync(message)).isCompletedExceptionally();
      }
    }
  }

  @Test
  void aConsumerMayStartSuspended() throws Exception {
    cluster.put("orders", 0, "hello");
    AtomicInteger consumed = new AtomicInteger();
    try (PushConsumer consumer =
        PushConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("orders", FilterExpression.all())
            .listener(
                message -> {
                  consumed.incrementAndGet();
                  return ConsumeResult.SUCCESS;
                })
            .startSuspended()
            .start()) {
      await().until(() -> consumer.statistics().cachedMessages() == 1);
      assertThat(consumed).hasValue(0);
      consumer.resume();
      await().until(() -> consumed.get() == 1);
    }
  }

  @Test
  void nameServersMayBeSetForTheWholeProcess() {
    assertThatThrownBy(() -> Producer.builder("group").start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("nameServers")
        .hasMessageContaining("rocketmq.namesrv.addr")
        .hasMessageContaining("NAMESRV_ADDR");
    System.setProperty("rocketmq.namesrv.addr", cluster.nameServers());
    try (Producer producer = Producer.builder("group").start()) {
      producer.send(Message.builder("orders").body("x").build());
    } finally {
      System.clearProperty("rocketmq.namesrv.addr");
    }
  }

  @Test
  void everySettingIsTakenOver() {
    try (Producer producer =
            Producer.builder("group")
                .nameServers(cluster.nameServers())
                .maxFrameSize(5_000_000)
                .attemptTimeout(Duration.ofSeconds(1))
                .autoBatch(Duration.ofMillis(2))
                .autoBatchLimits(1000, 10)
                .avoidSlowBrokers(true)
                .detectBrokers(Duration.ofSeconds(1), Duration.ofMillis(500))
                .defaultTopicQueues(2)
                .maxInFlightBytes(1_000_000)
                .retryAnotherBrokerWhenNotStoreOk(true)
                .transactionChecker(message -> TransactionState.UNKNOWN)
                .maxPendingChecks(10)
                .checkTimeout(Duration.ofSeconds(5))
                .start();
        PushConsumer consumer =
            PushConsumer.builder("billing")
                .nameServers(cluster.nameServers())
                .consumeFrom(ConsumeFrom.firstOffset())
                .concurrency(3)
                .maxCachedMessagesPerQueue(10)
                .maxCachedBytesPerQueue(100_000)
                .maxCachedMessagesPerTopic(6_553_500)
                .maxCachedBytesPerTopic(107_374_182_400L)
                .maxOffsetSpanPerQueue(100)
                .pullSuspendTimeout(Duration.ofSeconds(1))
                .allocation(AllocationStrategy.averagely())
                .subscribe("orders", FilterExpression.all())
                .listener(message -> ConsumeResult.SUCCESS)
                .start()) {
      producer.send(Message.builder("orders").body("x").build());
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
    }
    ProducerBuilder wrong =
        Producer.builder("group").nameServers(cluster.nameServers()).maxFrameSize(1);
    assertThatThrownBy(wrong::start)
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("maxFrameSize is 1");
    ProducerBuilder many =
        Producer.builder("group").nameServers(cluster.nameServers()).maxAttempts(99);
    assertThatThrownBy(many::start)
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("maxAttempts is 99");
  }

  private PushConsumerBuilder listening() {
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .subscribe("orders", FilterExpression.all())
        .listener(message -> ConsumeResult.SUCCESS);
  }

  @Test
  void limitsOfATopicAreChecked() {
    for (int count : new int[] {0, -1}) {
      assertThatThrownBy(() -> listening().maxCachedMessagesPerTopic(count))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageStartingWith("maxCachedMessagesPerTopic is " + count + ": give 1 or more");
      assertThatThrownBy(() -> listening().maxCachedBytesPerTopic(count))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageStartingWith("maxCachedBytesPerTopic is " + count + ": give 1 or more");
    }
    PushConsumerBuilder many = listening().maxCachedMessagesPerTopic(6_553_501);
    assertThatThrownBy(many::start)
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("maxCachedMessagesPerTopic is 6553501, outside 1 to 6553500");
    PushConsumerBuilder large = listening().maxCachedBytesPerTopic(107_374_182_401L);
    assertThatThrownBy(large::start)
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("maxCachedBytesPerTopic is 107374182401, outside 1 to 107374182400");
  }
}
