package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.testing.LogRecords;
import io.github.rocketffm.testing.MockCluster;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the log tells of a listener that fails: whose it is, which try that was, and what comes next. */
@Tag("mock")
class ListenerFailureMockTest {
  private static final MessageListener FAILING =
      message -> {
        throw new IllegalStateException("on purpose");
      };

  private MockCluster cluster;
  private LogRecords records;
  @TempDir Path directory;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
    records = new LogRecords(PushConsumer.class.getName(), Level.WARN);
  }

  @AfterEach
  void stopCluster() {
    records.close();
    cluster.close();
  }

  private PushConsumerBuilder builder() {
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .consumeFrom(ConsumeFrom.firstOffset())
        .heartbeatInterval(Duration.ofMillis(200))
        .subscribe("orders", FilterExpression.all());
  }

  private void awaitDeadLetter() {
    await().atMost(Duration.ofSeconds(30)).until(() -> cluster.messages("%DLQ%billing") == 1);
  }

  @Test
  void itNamesTheGroupTheTryAndTheNextDelay() {
    cluster.put("orders", 0, "x");
    try (PushConsumer consumer = builder().maxReconsumeTimes(1).listener(FAILING).start()) {
      awaitDeadLetter();
      assertThat(consumer.statistics().messagesConsumed()).isZero();
    }
    assertThat(records.messages()).hasSize(2);
    assertThat(records.messages().getFirst())
        .startsWith("the listener of group billing failed with ReceivedMessage[")
        .endsWith(
            ", try 1 of 2: it comes again after the broker's delay level 3 (10 s as RocketMQ ships)");
    assertThat(records.messages().getLast())
        .startsWith("the listener of group billing failed with ReceivedMessage[")
        .endsWith(", try 2 of 2: it goes to the dead-letter queue, the topic %DLQ%billing");
    assertThat(records.all())
        .allMatch(record -> record.getThrowableProxy().getMessage().equals("on purpose"));
  }

  @Test
  void withoutASettingThereAreSeventeenTriesAndWithZeroOne() {
    cluster.put("orders", 0, "x");
    try (PushConsumer consumer =
        builder().listener(m -> m.reconsumeTimes() == 0 ? null : ConsumeResult.SUCCESS).start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
    }
    assertThat(records.messages())
        .singleElement()
        .asString()
        .contains("returned null with", ", try 1 of 17: it comes again");
    cluster.put("orders", 0, "y");
    try (PushConsumer consumer = builder().maxReconsumeTimes(0).listener(FAILING).start()) {
      awaitDeadLetter();
      assertThat(consumer.statistics().messagesConsumed()).isZero();
    }
    assertThat(records.messages().getLast()).contains(", try 1 of 1: it goes to the dead-letter");
  }

  @Test
  void ofAQueueListenerItNamesTheGroupAndTheTopic() {
    try (PushConsumer consumer =
        builder()
            .queueListener(
                (topic, queues) -> {
                  throw new IllegalStateException("on purpose");
                })
            .listener(m -> ConsumeResult.SUCCESS)
            .start()) {
      await()
          .untilAsserted(
              () ->
                  assertThat(records.messages())
                      .contains(
                          "the queue listener of group billing failed when it was told the 1 queues of"
                              + " topic orders"));
      // It consumes all the same.
      cluster.put("orders", 0, "x");
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
    }
  }

  @Test
  void ofAnOrderlyConsumerTheQueueRests() {
    cluster.put("orders", 0, "x");
    try (PushConsumer consumer =
        builder()
            .orderly()
            .suspendQueueTime(Duration.ofMillis(20))
            .listener(
                m ->
                    switch (m.reconsumeTimes()) {
                      case 0 -> FAILING.consume(m);
                      case 1 -> ConsumeResult.retryAfterLevel(2);
                      default -> ConsumeResult.SUCCESS;
                    })
            .start()) {
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
    }
    assertThat(records.messages()).hasSize(2);
    assertThat(records.messages().getFirst())
        .endsWith(", try 1 (there is no limit): it comes again in its place after 20 ms");
    assertThat(records.messages().getLast())
        .contains("gave a delay level, which an orderly consumer has not")
        .endsWith(", try 2 (there is no limit): it comes again in its place after 20 ms");
  }

  @Test
  void aBroadcastingConsumerGetsNothingAgain() {
    cluster.put("orders", 0, "x");
    try (PushConsumer consumer =
        builder()
            .broadcasting()
            .instanceName("one")
            .offsetDirectory(directory)
            .listener(FAILING)
            .start()) {
      await().until(() -> !records.messages().isEmpty());
      await().until(() -> consumer.statistics().cachedMessages() == 0);
    }
    assertThat(records.messages())
        .singleElement()
        .asString()
        .endsWith(", try 1 of 1: it is passed over, as a broadcasting consumer gets nothing again");
  }

  @Test
  void ofABatchTheFirstMessageThatFailedIsNamed() {
    for (int i = 0; i < 4; i++) {
      cluster.put("orders", 0, "m" + i);
    }
    try (PushConsumer consumer =
        builder()
            .batchSize(4)
            .batchListener(
                messages ->
                    messages.getFirst().reconsumeTimes() > 0
                        ? ConsumeResult.SUCCESS
                        : ConsumeResult.consumed(messages.size() - 1)
                            .thenSuspend(Duration.ofMillis(20)))
            .startSuspended()
            .start()) {
      await().until(() -> consumer.statistics().cachedMessages() == 4);
      consumer.resume();
      await().until(() -> consumer.statistics().messagesConsumed() == 4);
    }
    assertThat(records.messages())
        .first()
        .asString()
        .contains("suspended the queue, as only an orderly consumer can", " at 3]", "try 1 of 17");
  }
}
