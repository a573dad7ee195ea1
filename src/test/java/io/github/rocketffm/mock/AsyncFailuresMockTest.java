package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.MockCluster;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What an asynchronous call refuses is told by its future, as is what fails later. */
@Tag("mock")
class AsyncFailuresMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private static Message message() {
    return Message.builder("orders").body("hello").build();
  }

  private static void assertRefused(CompletableFuture<?> future) {
    assertThat(failure(future))
        .isInstanceOfSatisfying(
            RocketMqException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_ARGUMENT));
  }

  /** A selector is asked once the topic's queues are known. */
  private static Throwable failure(CompletableFuture<?> future) {
    assertThat(future)
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableOfType(ExecutionException.class);
    return future.exceptionNow();
  }

  @Test
  void sendsAndRequests() {
    try (Producer producer = Producer.builder("group").nameServers(cluster.nameServers()).start()) {
      assertRefused(producer.sendAsync(message(), Duration.ZERO));
      assertRefused(producer.sendAsync(message(), Duration.ofHours(1)));
      assertRefused(producer.sendAsync(Message.builder("or/ders").body("x").build()));
      assertRefused(producer.sendAsync(List.of()));
      assertRefused(producer.requestAsync(message(), Duration.ofMillis(-1)));
      assertRefused(producer.sendAsync(message(), (any, queues) -> null));
      RuntimeException thrown = new IllegalStateException("on purpose");
      CompletableFuture<?> selected =
          producer.sendAsync(
              message(),
              (any, queues) -> {
                throw thrown;
              });
      assertThat(failure(selected)).isSameAs(thrown);
    }
  }

  @Test
  void anErrorOfASelectorEndsTheFutureToo() {
    try (Producer producer = Producer.builder("group").nameServers(cluster.nameServers()).start()) {
      Error thrown = new AssertionError("on purpose");
      CompletableFuture<?> selected =
          producer.sendAsync(
              message(),
              (any, queues) -> {
                throw thrown;
              });
      assertThat(failure(selected)).isSameAs(thrown);
      CompletableFuture<?> tooDeep = producer.sendAsync(message(), AsyncFailuresMockTest::endless);
      assertThat(failure(tooDeep)).isInstanceOf(StackOverflowError.class);
      // It counts as none that is in flight, and the producer goes on.
      assertThat(producer.statistics().inFlightCount()).isZero();
      producer.sendAsync(message()).join();
    }
  }

  private static MessageQueue endless(Message message, List<MessageQueue> queues) {
    return queues.isEmpty() ? null : endless(message, queues);
  }

  @Test
  void receivesAndAcknowledgements() {
    try (SimpleConsumer consumer =
        SimpleConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .subscribe("orders", FilterExpression.all())
            .consumeFrom(ConsumeFrom.firstOffset())
            .start()) {
      ReceivedMessage foreign = ReceivedMessage.builder("orders").build();
      assertRefused(consumer.receiveAsync(0, Duration.ofSeconds(10)));
      assertRefused(consumer.receiveAsync(1, Duration.ZERO));
      assertRefused(consumer.ackAsync(foreign));
      assertRefused(consumer.changeInvisibleDurationAsync(foreign, Duration.ofSeconds(10)));
    }
  }
}
