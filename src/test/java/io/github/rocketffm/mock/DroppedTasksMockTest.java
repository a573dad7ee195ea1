package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.TransactionChecker;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.MockCluster;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An executor may take a task and never run it. */
@Tag("mock")
class DroppedTasksMockTest {
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

  /** Refers to nothing of the test but the latch. */
  private static final class Blocked implements MessageListener {
    private final CountDownLatch goOn;

    Blocked(CountDownLatch goOn) {
      this.goOn = goOn;
    }

    @Override
    public ConsumeResult consume(ReceivedMessage message) throws Exception {
      goOn.await();
      return ConsumeResult.SUCCESS;
    }
  }

  private WeakReference<MessageListener> closeWithDroppedTasks(CountDownLatch goOn) {
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Executors.newFixedThreadPool(1);
    MessageListener listener = new Blocked(goOn);
    PushConsumer consumer =
        PushConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("orders", FilterExpression.all())
            .listener(listener)
            .executor(pool)
            .start();
    await().until(() -> pool.getQueue().size() >= 5);
    assertThat(pool.shutdownNow()).hasSizeGreaterThanOrEqualTo(5);
    consumer.close(Duration.ofMillis(100));
    return new WeakReference<>(listener);
  }

  @Test
  void theConsumerIsFreedAllTheSame() {
    for (int i = 0; i < 20; i++) {
      cluster.put("orders", 0, "m" + i);
    }
    CountDownLatch goOn = new CountDownLatch(1);
    WeakReference<MessageListener> listener = closeWithDroppedTasks(goOn);
    goOn.countDown();
    // The library tells of the consumer as long as that is not freed.
    awaitFreed(listener);
  }

  private static void awaitFreed(WeakReference<?> reference) {
    await()
        .until(
            () -> {
              System.gc();
              return reference.refersTo(null);
            });
  }

  private ProducerBuilder transactional(TransactionChecker checker, Executor executor) {
    return Producer.builder("tellers")
        .nameServers(cluster.nameServers())
        .heartbeatInterval(Duration.ofMillis(200))
        .transactionChecker(checker)
        .transactionExecutor(executor);
  }

  /** The broker asks about all that is open, as soon as it knows whom. */
  private void check(int count) {
    await().until(() -> cluster.checkTransactions() >= count);
  }

  /** Refers to nothing of the test but the counter. */
  private record Committing(AtomicInteger asked) implements TransactionChecker {
    @Override
    public TransactionState check(ReceivedMessage message) {
      asked.incrementAndGet();
      return TransactionState.COMMIT;
    }
  }

  private WeakReference<TransactionChecker> closeWithDroppedChecks(
      AtomicInteger asked, CountDownLatch goOn) {
    ThreadPoolExecutor pool = (ThreadPoolExecutor) Executors.newFixedThreadPool(1);
    pool.execute(
        () -> {
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    TransactionChecker checker = new Committing(asked);
    Producer producer = transactional(checker, pool).start();
    for (int i = 0; i < 3; i++) {
      producer.begin(Message.builder("orders").body("half").build());
    }
    check(3);
    await().until(() -> pool.getQueue().size() == 3);
    assertThat(producer.statistics().pendingChecks()).isEqualTo(3);
    assertThat(pool.shutdownNow()).hasSize(3);
    producer.close(Duration.ofMillis(100));
    return new WeakReference<>(checker);
  }

  @Test
  void aProducerWhoseChecksWereDroppedIsFreedAllTheSame() {
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch goOn = new CountDownLatch(1);
    WeakReference<TransactionChecker> checker = closeWithDroppedChecks(asked, goOn);
    goOn.countDown();
    awaitFreed(checker);
    assertThat(asked).hasValue(0);
    assertThat(cluster.openTransactions()).isEqualTo(3);
  }

  /** It makes room for others after its time, and the broker asks again. */
  @Test
  void aDiscardedCheckIsMadeWhenTheBrokerAsksAgain() {
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger given = new AtomicInteger();
    Executor discardsTheFirst =
        task -> {
          if (given.incrementAndGet() > 1) {
            Thread.startVirtualThread(task);
          }
        };
    try (Producer producer =
        transactional(new Committing(asked), discardsTheFirst)
            .checkTimeout(Duration.ofMillis(50))
            .maxPendingChecks(1)
            .closeTimeout(Duration.ofMillis(100))
            .start()) {
      producer.begin(Message.builder("orders").body("half").build());
      check(1);
      await().until(() -> given.get() == 1 && producer.statistics().pendingChecks() == 0);
      assertThat(asked).hasValue(0);
      await()
          .until(
              () -> {
                cluster.checkTransactions();
                return cluster.messages("orders") == 1;
              });
      assertThat(asked).hasValue(1);
      assertThat(cluster.openTransactions()).isZero();
    }
  }

  @Test
  void aRefusedCheckIsMadeWhenTheBrokerAsksAgain() {
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger given = new AtomicInteger();
    Executor refusesTheFirst =
        task -> {
          if (given.incrementAndGet() == 1) {
            throw new RejectedExecutionException("full");
          }
          task.run();
        };
    try (Producer producer = transactional(new Committing(asked), refusesTheFirst).start()) {
      producer.begin(Message.builder("orders").body("half").build());
      check(1);
      await().until(() -> cluster.requests(MockCluster.BROKER, MockCluster.END_TRANSACTION) == 1);
      await().until(() -> producer.statistics().pendingChecks() == 0);
      assertThat(asked).hasValue(0);
      check(1);
      await().until(() -> cluster.messages("orders") == 1);
      assertThat(asked).hasValue(1);
      assertThat(cluster.openTransactions()).isZero();
    }
  }
}
