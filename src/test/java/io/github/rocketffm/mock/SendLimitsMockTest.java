package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.TooManyRequestsException;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What happens to sends when there are too many of them. */
@Tag("mock")
class SendLimitsMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder builder() {
    return Producer.builder("group").nameServers(cluster.nameServers());
  }

  private static Message message(int bytes) {
    return Message.builder("orders").body(new byte[bytes]).build();
  }

  private void neverAnswer() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, -1, 0, 0);
  }

  @Test
  void aLoopOfAsynchronousSendsWaitsForItsTurn() {
    try (Producer producer = builder().maxInFlight(10).sendTimeout(Duration.ofMinutes(1)).start()) {
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      for (int i = 0; i < 5000; i++) {
        sends.add(producer.sendAsync(message(10)));
      }
      assertThat(sends).allSatisfy(send -> assertThat(send.join()).isNotNull());
    }
  }

  @Test
  void inAContinuationItFailsAtOnceAsAWaitWouldNeverEnd() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.DELAY, -1, 0, 50);
    try (Producer producer = builder().maxInFlight(2).sendTimeout(Duration.ofMinutes(1)).start()) {
      List<CompletableFuture<SendResult>> inside = new ArrayList<>();
      producer
          .sendAsync(message(10))
          .thenAccept(
              sent -> {
                for (int i = 0; i < 10; i++) {
                  inside.add(producer.sendAsync(message(10)));
                }
              })
          .join();
      assertThat(inside).anyMatch(CompletableFuture::isCompletedExceptionally);
      assertThat(inside).anyMatch(each -> !each.isCompletedExceptionally());
    }
  }

  @Test
  void onVirtualThreadsTheBytesCountToo() throws Exception {
    neverAnswer();
    try (Producer producer =
        builder()
            .neverCompress()
            .maxInFlightBytes(1_000_000)
            .sendTimeout(Duration.ofSeconds(2))
            .closeTimeout(Duration.ZERO)
            .start()) {
      Map<ErrorKind, Integer> ends = new ConcurrentHashMap<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        threads.add(
            Thread.startVirtualThread(
                () ->
                    producer
                        .sendAsync(message(100_000))
                        .exceptionally(
                            e -> {
                              ends.merge(((RocketMqException) e).kind(), 1, Integer::sum);
                              return null;
                            })
                        .join()));
      }
      await().until(() -> producer.statistics().inFlightBytes() == 1_000_000);
      await()
          .during(Duration.ofMillis(300))
          .until(() -> producer.statistics().inFlightBytes() == 1_000_000);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(ends.keySet()).isSubsetOf(ErrorKind.TIMEOUT, ErrorKind.TOO_MANY_REQUESTS);
      assertThat(ends.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(30);
    }
  }

  /** Of the threads that stand in for carriers. */
  private static long blockingThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("rocketmq-blocking-"))
        .count();
  }

  @Test
  void blockedVirtualThreadsMakeFewPlatformThreadsAndEndInTime() throws Exception {
    cluster.stop(MockCluster.NAME_SERVER, 0);
    // Those of tests before.
    await().until(() -> blockingThreads() == 0);
    try (Producer producer =
        builder().sendTimeout(Duration.ofSeconds(1)).closeTimeout(Duration.ZERO).start()) {
      Map<Class<?>, Integer> ends = new ConcurrentHashMap<>();
      AtomicLong slowest = new AtomicLong();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 10_000; i++) {
        Runnable call =
            i % 2 == 0 ? () -> producer.sendOneWay(message(10)) : () -> producer.queues("orders");
        threads.add(
            Thread.ofVirtual()
                .unstarted(
                    () -> {
                      long begin = System.nanoTime();
                      try {
                        call.run();
                        ends.merge(SendResult.class, 1, Integer::sum);
                      } catch (RocketMqException e) {
                        ends.merge(e.getClass(), 1, Integer::sum);
                      }
                      slowest.accumulateAndGet(System.nanoTime() - begin, Math::max);
                    }));
      }
      threads.forEach(Thread::start);
      await().until(() -> blockingThreads() > 0);
      long most = 0;
      while (threads.stream().anyMatch(Thread::isAlive)) {
        most = Math.max(most, blockingThreads());
        Thread.sleep(20);
      }
      assertThat(most).isBetween(1L, 16L);
      assertThat(ends.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(10_000);
      assertThat(ends)
          .doesNotContainKey(SendResult.class)
          .containsKey(DeadlineExceededException.class);
      // Two minutes and a half where each waits for those before it.
      assertThat(Duration.ofNanos(slowest.get())).isLessThan(Duration.ofSeconds(30));
    }
  }

  @Test
  void whoWantsToKnowIsToldAtOnce() {
    neverAnswer();
    try (Producer producer =
        builder().maxInFlight(1).blockWhenFull(false).closeTimeout(Duration.ZERO).start()) {
      CompletableFuture<SendResult> first = producer.sendAsync(message(10));
      assertThat(producer.sendAsync(message(10)).exceptionNow())
          .isInstanceOf(TooManyRequestsException.class);
      assertThat(first).isNotDone();
    }
  }
}
