package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

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
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Orderly and broadcasting consumers, and their results. */
@Tag("mock")
class ListeningMockTest {
  private final List<ReceivedMessage> received = new CopyOnWriteArrayList<>();
  private MockCluster cluster;
  @TempDir Path directory;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
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
        .suspendQueueTime(Duration.ofMillis(10))
        .subscribe("orders", FilterExpression.all());
  }

  private void put(int count) {
    for (int i = 0; i < count; i++) {
      cluster.put("orders", 0, "m" + i);
    }
  }

  private List<String> bodies() {
    return received.stream().map(ReceivedMessage::bodyAsString).toList();
  }

  /** Whatever an orderly listener does wrong, its queue goes on, and in order. */
  @Test
  void aListenerThatFailsInAnyWayGetsTheMessageAgainInPlace() {
    put(2);
    try (PushConsumer consumer =
        builder()
            .orderly()
            .listener(
                message -> {
                  received.add(message);
                  return message.queueOffset() > 0
                      ? ConsumeResult.SUCCESS
                      : switch (message.reconsumeTimes()) {
                        case 0 -> throw new IllegalStateException("on purpose");
                        case 1 -> null;
                        case 2 -> ConsumeResult.consumed(2);
                        // No such thing here: the queue is suspended.
                        case 3 -> ConsumeResult.retryAfterLevel(18);
                        case 4 -> ConsumeResult.suspend(Duration.ofMillis(10));
                        default -> ConsumeResult.SUCCESS;
                      };
                })
            .start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 2);
    }
    assertThat(bodies()).containsExactly("m0", "m0", "m0", "m0", "m0", "m0", "m1");
    assertThat(cluster.committedOffset("billing", "orders", 0)).isEqualTo(2);
  }

  @Test
  void anExecutorThatRefusesGetsTheMessageAgainInPlace() {
    put(2);
    AtomicBoolean refuse = new AtomicBoolean(true);
    try (PushConsumer consumer =
        builder()
            .orderly()
            .executor(
                task -> {
                  if (refuse.getAndSet(false)) {
                    throw new RejectedExecutionException("full");
                  }
                  Thread.startVirtualThread(task);
                })
            .listener(
                message -> {
                  received.add(message);
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 2);
      assertThat(received).allMatch(message -> message.reconsumeTimes() == 0);
      assertThat(bodies()).containsExactly("m0", "m1");
    }
  }

  @Test
  void theRestOfAnOrderlyBatchMayBeADeadLetter() {
    put(4);
    try (PushConsumer consumer =
        builder()
            .orderly()
            .batchSize(4)
            .batchListener(
                messages -> {
                  received.addAll(messages);
                  return messages.size() == 4
                      ? ConsumeResult.consumed(1).thenDeadLetter()
                      : ConsumeResult.SUCCESS;
                })
            .start()) {
      await().until(() -> cluster.messages("%DLQ%billing") == 3);
      await().until(() -> cluster.committedOffset("billing", "orders", 0) == 4);
      assertThat(consumer.statistics().messagesConsumed()).isEqualTo(1);
    }
  }

  @Test
  void aConcurrentConsumerSuspendsNoQueue() {
    put(1);
    try (PushConsumer consumer =
        builder()
            .listener(
                message -> {
                  received.add(message);
                  return message.reconsumeTimes() == 0
                      ? ConsumeResult.suspend(Duration.ofSeconds(1))
                      : ConsumeResult.SUCCESS;
                })
            .start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
      assertThat(consumer.statistics().messagesSentBack()).isEqualTo(1);
    }
  }

  @Test
  void anOrderlyListenerMayCloseItsOwnConsumer() {
    put(2);
    AtomicReference<PushConsumer> self = new AtomicReference<>();
    PushConsumer consumer =
        builder()
            .orderly()
            .listener(
                message -> {
                  await().until(() -> self.get() != null);
                  self.get().close();
                  received.add(message);
                  return ConsumeResult.SUCCESS;
                })
            .start();
    self.set(consumer);
    // The close begins on another thread, maybe after the next message.
    await().until(() -> cluster.committedOffset("billing", "orders", 0) == received.size());
    consumer.close();
    assertThat(bodies()).startsWith("m0");
    assertThatThrownBy(consumer::statistics).isInstanceOf(ClientClosedException.class);
  }

  @Test
  void aQueueListenerMayCloseTheConsumer() {
    AtomicReference<PushConsumer> self = new AtomicReference<>();
    AtomicReference<Set<MessageQueue>> told = new AtomicReference<>();
    PushConsumer consumer =
        builder()
            .listener(message -> ConsumeResult.SUCCESS)
            .queueListener(
                (topic, queues) -> {
                  await().until(() -> self.get() != null);
                  self.get().close();
                  told.set(queues);
                })
            .start();
    self.set(consumer);
    await().until(() -> told.get() != null);
    assertThat(told.get()).containsExactly(new MessageQueue("orders", "broker-0", 0));
    assertThatThrownBy(() -> told.get().clear()).isInstanceOf(UnsupportedOperationException.class);
    consumer.close();
    await().until(() -> cluster.connections(MockCluster.BROKER) == 0);
  }

  @Test
  void aBroadcastGoesOnWhereItWas() {
    for (int round = 1; round <= 2; round++) {
      put(4);
      int expected = 4 * round;
      try (PushConsumer consumer =
          builder()
              .broadcasting()
              .instanceName("one")
              .offsetDirectory(directory)
              .listener(
                  message -> {
                    received.add(message);
                    return ConsumeResult.RETRY;
                  })
              .start()) {
        await().until(() -> received.size() == expected);
        await().until(() -> consumer.statistics().cachedMessages() == 0);
      }
    }
    assertThat(received.stream().map(ReceivedMessage::queueOffset))
        .containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L);
    assertThat(cluster.requests(MockCluster.BROKER, 36)).isZero();
  }

  @Test
  void badSettingsAreRefused() {
    assertThatThrownBy(
            () ->
                builder()
                    .suspendQueueTime(Duration.ofMillis(9))
                    .listener(m -> ConsumeResult.SUCCESS)
                    .start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("suspendQueueTime is PT0.009S: give 10 ms to 30 s");
    assertThatThrownBy(
            () ->
                builder()
                    .pullInterval(Duration.ofSeconds(66))
                    .listener(m -> ConsumeResult.SUCCESS)
                    .start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("pullInterval is PT1M6S: give 1 ms to 65535 ms");
    assertThatThrownBy(() -> ConsumeResult.suspend(Duration.ofMillis(9)))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("10 ms to 30 s");
    assertThatThrownBy(() -> ConsumeResult.suspend(Duration.ofSeconds(31)))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> ConsumeResult.suspend(Duration.ZERO))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> ConsumeResult.consumed(1).thenRetryAfterLevel(0))
        .isInstanceOf(InvalidArgumentException.class);
    assertThat(ConsumeResult.consumed(2).thenRetryAfterLevel(3)).isEqualTo(new ConsumeResult(2, 3));
    assertThat(ConsumeResult.consumed(2).thenDeadLetter()).isEqualTo(new ConsumeResult(2, -1));
  }

  @Test
  void whatIsConsumedWholeHasNoRestToDeliverAgain() {
    assertThatThrownBy(() -> ConsumeResult.SUCCESS.thenRetryAfterLevel(3))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContainingAll("delayLevel is 3", "RETRY", "consumed(count)");
    assertThatThrownBy(ConsumeResult.SUCCESS::thenDeadLetter)
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContainingAll("delayLevel is -1", "consumed(count)");
    assertThatThrownBy(() -> ConsumeResult.SUCCESS.thenSuspend(Duration.ofMillis(20)))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContainingAll("suspension is PT0.02S", "consumed(count)");
    assertThatThrownBy(() -> new ConsumeResult(-1, 5))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("delayLevel is 5");
    assertThat(new ConsumeResult(-1, 0)).isEqualTo(ConsumeResult.SUCCESS);
    assertThat(ConsumeResult.retryAfterLevel(3)).isEqualTo(new ConsumeResult(0, 3));
  }
}
