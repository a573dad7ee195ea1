package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.testing.MockCluster;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
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
    await()
        .until(
            () -> {
              System.gc();
              return listener.refersTo(null);
            });
  }
}
