package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.QueueSelector;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sends of all kinds that have a time of their own, which is far below the producer's. */
@Tag("mock")
class SendTimeoutsMockTest {
  private static final int SEND_BATCH = 320;
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Message MESSAGE = Message.builder("orders").body("x").build();
  private static final List<Message> BATCH = List.of(MESSAGE, MESSAGE);
  private static final QueueSelector FIRST = (message, queues) -> queues.getFirst();

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 2);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private Producer producer() {
    return builder().start();
  }

  private ProducerBuilder builder() {
    return Producer.builder("group")
        .nameServers(cluster.nameServers())
        .requestTimeout(LONG)
        .sendTimeout(LONG)
        .closeTimeout(Duration.ZERO)
        .transactionChecker(message -> TransactionState.UNKNOWN);
  }

  private void neverAnswer() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, -1, 0, 0);
    cluster.inject(MockCluster.BROKER, SEND_BATCH, Fault.IGNORE, -1, 0, 0);
  }

  private void tellNoRoute() {
    cluster.inject(MockCluster.NAME_SERVER, MockCluster.ROUTE, Fault.IGNORE, -1, 0, 0);
  }

  /** What the call throws on a thread of that kind, which must be soon. */
  private static Throwable failure(boolean virtual, Runnable call) throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    long begin = System.nanoTime();
    Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
    builder.start(() -> thrown.complete(catchThrowable(call::run))).join();
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(SHORT.minusMillis(20), LONG.dividedBy(4));
    Throwable failure = thrown.get();
    return failure instanceof CompletionException ? failure.getCause() : failure;
  }

  private static boolean mayBeStored(Throwable failure) {
    return ((RocketMqException) failure).mayBeStored();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aBrokerThatDoesNotAnswerEndsThem(boolean virtual) throws Exception {
    neverAnswer();
    try (Producer producer = producer()) {
      producer.warmUp("orders");
      for (Runnable call :
          List.<Runnable>of(
              () -> producer.send(BATCH, SHORT),
              () -> producer.sendAsync(BATCH, SHORT).join(),
              () -> producer.send(MESSAGE, FIRST, SHORT),
              () -> producer.sendAsync(MESSAGE, FIRST, SHORT).join(),
              () -> producer.begin(MESSAGE, SHORT))) {
        assertThat(failure(virtual, call))
            .isInstanceOf(DeadlineExceededException.class)
            .matches(SendTimeoutsMockTest::mayBeStored, "may be stored");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRouteThatDoesNotComeEndsThem(boolean virtual) throws Exception {
    tellNoRoute();
    try (Producer producer = producer()) {
      for (Runnable call :
          List.<Runnable>of(
              () -> producer.send(MESSAGE, FIRST, SHORT),
              () -> producer.sendAsync(MESSAGE, FIRST, SHORT).join(),
              () -> producer.sendOneWay(MESSAGE, SHORT),
              () -> producer.send(BATCH, SHORT))) {
        assertThat(failure(virtual, call))
            .isInstanceOf(DeadlineExceededException.class)
            .matches(e -> !mayBeStored(e), "is not stored");
      }
    }
  }

  @Test
  void theSelectorsTimeCounts() {
    QueueSelector slow =
        (message, queues) -> {
          try {
            Thread.sleep(SHORT.toMillis() + 50);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return queues.getFirst();
        };
    try (Producer producer = producer()) {
      producer.warmUp("orders");
      assertThatThrownBy(() -> producer.send(MESSAGE, slow, SHORT))
          .isInstanceOf(DeadlineExceededException.class)
          .hasMessageContainingAll("the timeout of 200 ms was over", "nothing was sent")
          .matches(e -> !mayBeStored(e), "is not stored");
      assertThat(cluster.requests(MockCluster.BROKER, MockCluster.SEND)).isZero();
      assertThatThrownBy(() -> producer.sendOneWay(MESSAGE, slow, SHORT))
          .isInstanceOf(DeadlineExceededException.class)
          .hasMessageContaining("nothing was sent");
      assertThat(producer.send(MESSAGE, slow, LONG).queue().queueId()).isZero();
    }
  }

  /** Beyond the producer's own time. */
  @Test
  void aLongerTimeCountsToo() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.DELAY, -1, 0, 1500);
    cluster.inject(MockCluster.BROKER, SEND_BATCH, Fault.DELAY, -1, 0, 1500);
    try (Producer producer = builder().sendTimeout(Duration.ofSeconds(1)).start()) {
      producer.warmUp("orders");
      assertThat(producer.send(BATCH, LONG)).hasSize(2);
      assertThat(producer.sendAsync(BATCH, LONG).join()).hasSize(2);
      assertThat(producer.send(MESSAGE, FIRST, LONG).queue().queueId()).isZero();
      assertThat(producer.sendAsync(MESSAGE, FIRST, LONG).join().queue().queueId()).isZero();
      producer.sendOneWay(MESSAGE, LONG);
      producer.sendOneWay(MESSAGE, FIRST, LONG);
      producer.begin(MESSAGE, LONG).close();
    }
  }

  @Test
  void aTimeOutOfRangeIsRefused() {
    String told = "timeout is PT0S: give 1 ms to 10 min";
    try (Producer producer = producer()) {
      for (Runnable call :
          List.<Runnable>of(
              () -> producer.send(BATCH, Duration.ZERO),
              () -> producer.send(MESSAGE, FIRST, Duration.ZERO),
              () -> producer.sendOneWay(MESSAGE, Duration.ZERO),
              () -> producer.sendOneWay(MESSAGE, FIRST, Duration.ZERO),
              () -> producer.begin(MESSAGE, Duration.ZERO))) {
        assertThatThrownBy(call::run)
            .isInstanceOf(InvalidArgumentException.class)
            .hasMessageContaining(told);
      }
      for (CompletableFuture<?> send :
          List.of(
              producer.sendAsync(BATCH, Duration.ZERO),
              producer.sendAsync(MESSAGE, FIRST, Duration.ZERO))) {
        assertThat(send.exceptionNow())
            .isInstanceOf(InvalidArgumentException.class)
            .hasMessageContaining(told);
      }
    }
  }
}
