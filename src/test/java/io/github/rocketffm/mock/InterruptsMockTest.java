package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.OperationInterruptedException;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which calls an interrupt ends, on platform threads and on virtual ones. */
@Tag("mock")
class InterruptsMockTest {
  private static final int CHECK_CLIENT_CONFIG = 46;
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Message MESSAGE = Message.builder("orders").body("x").build();

  /** Of a message for the topic orders. */
  private static final String RECALL_HANDLE = "djEgb3JkZXJzIGJyb2tlci1hIDE3MDAwMDAwMDAwMDAgQUJD";

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

  private ProducerBuilder builder() {
    return Producer.builder("group")
        .nameServers(cluster.nameServers())
        .requestTimeout(LONG)
        .sendTimeout(LONG)
        .closeTimeout(Duration.ZERO)
        .transactionChecker(message -> TransactionState.UNKNOWN);
  }

  private void tellNoRoute() {
    cluster.inject(MockCluster.NAME_SERVER, MockCluster.ROUTE, Fault.IGNORE, -1, 0, 0);
  }

  private record End(Throwable failure, boolean interrupted) {}

  /** How the call ends on a thread of that kind that is interrupted once the call waits, parked. */
  private static End interrupt(boolean virtual, BooleanSupplier waits, Runnable call)
      throws Exception {
    return interrupt(
        virtual,
        thread ->
            waits.getAsBoolean()
                && (thread.getState() == Thread.State.WAITING
                    || thread.getState() == Thread.State.TIMED_WAITING),
        call);
  }

  private static End interrupt(boolean virtual, Predicate<Thread> waits, Runnable call)
      throws Exception {
    CompletableFuture<End> end = new CompletableFuture<>();
    Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
    Thread thread =
        builder.start(
            () -> {
              Throwable failure = catchThrowable(call::run);
              end.complete(new End(failure, Thread.currentThread().isInterrupted()));
            });
    await().until(() -> waits.test(thread));
    assertThat(end).isNotDone();
    thread.interrupt();
    assertThat(thread.join(LONG.dividedBy(6))).isTrue();
    return end.get();
  }

  private static void assertLeft(End end, boolean mayBeStored) {
    assertThat(end.failure)
        .isInstanceOf(OperationInterruptedException.class)
        .hasMessageContaining("interrupted while it waited")
        .matches(e -> ((RocketMqException) e).mayBeStored() == mayBeStored, "may be stored");
    assertThat(end.interrupted).isTrue();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void callsThatAskServersAreLeftOnThreadsOfBothKinds(boolean virtual) throws Exception {
    tellNoRoute();
    try (Producer producer = builder().start()) {
      BooleanSupplier waits =
          () -> cluster.requests(MockCluster.NAME_SERVER, MockCluster.ROUTE) > 0;
      for (Runnable call :
          List.<Runnable>of(
              () -> producer.queues("orders"),
              () -> producer.warmUp("orders"),
              () -> producer.recall("orders", RECALL_HANDLE))) {
        assertLeft(interrupt(virtual, waits, call), false);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSubscriptionThatBrokersAreAskedAboutIsLeftToo(boolean virtual) throws Exception {
    try (PushConsumer push =
            PushConsumer.builder("push")
                .nameServers(cluster.nameServers())
                .requestTimeout(LONG)
                .subscribe("orders", FilterExpression.all())
                .listener(message -> ConsumeResult.SUCCESS)
                .start();
        SimpleConsumer simple =
            SimpleConsumer.builder("simple")
                .nameServers(cluster.nameServers())
                .requestTimeout(LONG)
                .subscribe("orders", FilterExpression.all())
                .start()) {
      cluster.inject(MockCluster.BROKER, CHECK_CLIENT_CONFIG, Fault.IGNORE, -1, 0, 0);
      FilterExpression condition = FilterExpression.sql("a > 1");
      for (Runnable call :
          List.<Runnable>of(
              () -> push.subscribe("orders", condition),
              () -> simple.subscribe("orders", condition))) {
        int before = cluster.requests(MockCluster.BROKER, CHECK_CLIENT_CONFIG);
        BooleanSupplier waits =
            () -> cluster.requests(MockCluster.BROKER, CHECK_CLIENT_CONFIG) > before;
        assertLeft(interrupt(virtual, waits, call), false);
      }
      push.close(Duration.ZERO);
      simple.close(Duration.ZERO);
    }
  }

  @Test
  void aVirtualThreadLeavesSendsToo() throws Exception {
    tellNoRoute();
    try (Producer producer = builder().start()) {
      BooleanSupplier waits =
          () -> cluster.requests(MockCluster.NAME_SERVER, MockCluster.ROUTE) > 0;
      assertLeft(interrupt(true, waits, () -> producer.sendOneWay(MESSAGE)), true);
      assertLeft(interrupt(true, waits, () -> producer.send(MESSAGE)), true);
      assertLeft(interrupt(true, waits, () -> producer.begin(MESSAGE)), true);
      assertLeft(interrupt(true, waits, () -> producer.request(MESSAGE, LONG)), true);
      // Nothing is sent before the queue is chosen.
      assertLeft(
          interrupt(true, waits, () -> producer.send(MESSAGE, (m, queues) -> queues.getFirst())),
          false);
    }
  }

  @Test
  void onAPlatformThreadASendEndsByItsTimeAndTheInterruptStaysSet() throws Exception {
    tellNoRoute();
    Duration time = Duration.ofSeconds(1);
    try (Producer producer = builder().start()) {
      BooleanSupplier waits =
          () -> cluster.requests(MockCluster.NAME_SERVER, MockCluster.ROUTE) > 0;
      for (Runnable call :
          List.<Runnable>of(
              () -> producer.sendOneWay(MESSAGE, time),
              () -> producer.send(MESSAGE, time),
              () -> producer.begin(MESSAGE, time),
              () -> producer.request(MESSAGE, time))) {
        // In a native call no state of the thread tells that it waits.
        End end = interrupt(false, thread -> waits.getAsBoolean(), call);
        assertThat(end.failure).isInstanceOf(DeadlineExceededException.class);
        assertThat(end.interrupted).isTrue();
      }
    }
  }

  /** What was decided is not to be left to a check by the broker. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anInterruptKeepsNoTransactionFromItsEnd(boolean virtual) throws Exception {
    try (Producer producer = builder().start()) {
      Transaction committed = producer.begin(MESSAGE);
      Transaction left = producer.begin(MESSAGE);
      assertThat(cluster.openTransactions()).isEqualTo(2);
      CompletableFuture<End> end = new CompletableFuture<>();
      Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
      builder
          .start(
              () -> {
                Thread.currentThread().interrupt();
                Throwable failure =
                    catchThrowable(
                        () -> {
                          committed.commit();
                          left.close();
                        });
                end.complete(new End(failure, Thread.currentThread().isInterrupted()));
              })
          .join();
      assertThat(end.get()).isEqualTo(new End(null, true));
      await().until(() -> cluster.openTransactions() == 0);
      assertThat(cluster.messages("orders")).isEqualTo(1);
    }
  }
}
