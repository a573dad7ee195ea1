package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.ClientClosedException;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.MockCluster;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("mock")
class PushConsumerMockTest {
  private final List<ReceivedMessage> received = new CopyOnWriteArrayList<>();
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 4);
    org.awaitility.Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private PushConsumerBuilder builder() {
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .consumeFrom(ConsumeFrom.firstOffset())
        .heartbeatInterval(Duration.ofMillis(200))
        .persistOffsetInterval(Duration.ofMillis(20))
        .subscribe("orders", FilterExpression.all());
  }

  private ConsumeResult take(ReceivedMessage message) {
    received.add(message);
    return ConsumeResult.SUCCESS;
  }

  @Test
  void messagesReachTheListenerOnVirtualThreads() {
    for (int i = 0; i < 40; i++) {
      cluster.put("orders", i % 4, "m" + i);
    }
    List<Boolean> virtual = new CopyOnWriteArrayList<>();
    try (PushConsumer consumer =
        builder()
            .listener(
                message -> {
                  virtual.add(Thread.currentThread().isVirtual());
                  return take(message);
                })
            .start()) {
      await().until(() -> received.size() == 40);
      await().until(() -> consumer.statistics().messagesConsumed() == 40);
    }
    assertThat(virtual).containsOnly(true);
    assertThat(received.stream().map(ReceivedMessage::bodyAsString).distinct()).hasSize(40);
    assertThat(cluster.committedOffset("billing", "orders", 0)).isEqualTo(10);
  }

  @Test
  void batchesKeepTheOrderOfTheirQueue() {
    for (int i = 0; i < 10; i++) {
      cluster.put("orders", 0, "m" + i);
    }
    List<List<ReceivedMessage>> batches = new CopyOnWriteArrayList<>();
    try (PushConsumer consumer =
        builder()
            .batchSize(4)
            .batchListener(
                messages -> {
                  batches.add(messages);
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 10);
    }
    assertThat(batches).allSatisfy(batch -> assertThat(batch.size()).isBetween(1, 4));
    assertThat(batches.stream().flatMap(List::stream)).hasSize(10);
  }

  @Test
  void aListenerThatThrowsOrReturnsNullGetsTheMessageAgain() {
    cluster.put("orders", 0, "x");
    try (PushConsumer consumer =
        builder()
            .listener(
                message -> {
                  take(message);
                  return switch (message.reconsumeTimes()) {
                    case 0 -> throw new IllegalStateException("on purpose");
                    case 1 -> null;
                    case 2 -> throw new AssertionError("on purpose");
                    default -> ConsumeResult.SUCCESS;
                  };
                })
            .start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
    }
    assertThat(received).hasSize(4).allMatch(message -> message.topic().equals("orders"));
  }

  @Test
  void aDeadLetterIsNotDeliveredAgain() {
    cluster.put("orders", 0, "x");
    try (PushConsumer consumer =
        builder()
            .listener(
                message -> {
                  take(message);
                  return ConsumeResult.DEAD_LETTER;
                })
            .start()) {
      await().until(() -> cluster.messages("%DLQ%billing") == 1);
      assertThat(consumer.statistics().messagesDelivered()).isEqualTo(1);
    }
  }

  @Test
  void aBlockedListenerHoldsUpNeitherTheOthersNorTheClose() {
    for (int i = 0; i < 8; i++) {
      cluster.put("orders", i % 4, "m" + i);
    }
    CountDownLatch release = new CountDownLatch(1);
    AtomicBoolean first = new AtomicBoolean(true);
    PushConsumer consumer =
        builder()
            .listener(
                message -> {
                  if (first.getAndSet(false)) {
                    release.await();
                  }
                  return take(message);
                })
            .start();
    await().until(() -> received.size() == 7);
    consumer.close(Duration.ofMillis(50));
    assertThat(received).hasSize(7);
    release.countDown();
    await().until(() -> received.size() == 8);
  }

  @Test
  void aListenerMayCloseItsOwnConsumer() {
    cluster.put("orders", 0, "x");
    AtomicReference<PushConsumer> self = new AtomicReference<>();
    AtomicBoolean closed = new AtomicBoolean();
    PushConsumer consumer =
        builder()
            .listener(
                message -> {
                  await().until(() -> self.get() != null);
                  self.get().close();
                  closed.set(true);
                  return ConsumeResult.SUCCESS;
                })
            .start();
    self.set(consumer);
    await().untilTrue(closed);
    await().until(() -> cluster.committedOffset("billing", "orders", 0) == 1);
    consumer.close();
    assertThatThrownBy(consumer::statistics).isInstanceOf(ClientClosedException.class);
  }

  @Test
  void aSuspendedConsumerWaitsAndTopicsComeAndGo() {
    cluster.createTopic("more", 1);
    cluster.put("more", 0, "y");
    try (PushConsumer consumer = builder().listener(this::take).start()) {
      consumer.suspend();
      consumer.subscribe("more", FilterExpression.tags("a", "b"));
      cluster.put("orders", 0, "x");
      await().until(() -> consumer.statistics().cachedMessages() == 1);
      assertThat(received).isEmpty();
      consumer.resume();
      await().until(() -> received.size() == 1);
      consumer.unsubscribe("more");
      await().until(() -> consumer.statistics().assignedQueues() == 5);
    }
  }

  @Test
  void badSettingsAreRefused() {
    assertThatThrownBy(() -> builder().start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("listener");
    assertThatThrownBy(
            () -> builder().listener(this::take).subscribe("a b", FilterExpression.all()).start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("topic");
    assertThatThrownBy(
            () -> builder().listener(this::take).subscribe("t", FilterExpression.sql(" ")).start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("SQL92");
    assertThatThrownBy(
            () ->
                builder().listener(this::take).subscribe("t", FilterExpression.tags("||")).start())
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(
            () ->
                builder()
                    .listener(this::take)
                    .allocation(AllocationStrategy.consistentHash(10_001))
                    .start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("virtualNodes is 10001, outside 1 to 10000");
    for (String[] rooms : new String[][] {{}, {"east", "a@b"}, {""}}) {
      assertThatThrownBy(
              () ->
                  builder()
                      .listener(this::take)
                      .allocation(AllocationStrategy.byMachineRoom(rooms))
                      .start())
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("machineRooms");
    }
    for (MessageQueue queue :
        List.of(
            new MessageQueue("a b", "b", 0),
            new MessageQueue("t", "", 0),
            new MessageQueue("t", "b", -1))) {
      assertThatThrownBy(
              () ->
                  builder()
                      .listener(this::take)
                      .allocation(AllocationStrategy.byConfiguration(List.of(queue)))
                      .start())
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("the strategy's queues[0]");
    }
    assertThatThrownBy(() -> builder().batchSize(2000).batchListener(m -> null).start())
        .hasMessageContaining("batchSize");
    assertThatThrownBy(
            () ->
                PushConsumer.builder("g g").nameServers("127.0.0.1:1").listener(this::take).start())
        .hasMessageContaining("group");
  }

  @Test
  void closesWithoutAnyConnection() {
    cluster.stop(MockCluster.NAME_SERVER, 0);
    PushConsumer consumer = builder().listener(this::take).start();
    consumer.close(Duration.ofMillis(100));
    consumer.close();
    assertThatThrownBy(consumer::suspend).isInstanceOf(ClientClosedException.class);
  }
}
