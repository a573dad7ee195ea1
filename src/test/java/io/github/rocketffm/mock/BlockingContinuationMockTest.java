package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.MockCluster;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is attached to a send's future and blocks harms its own producer at most. */
@Tag("mock")
class BlockingContinuationMockTest {
  private static final Message MESSAGE = Message.builder("orders").body("x").build();
  private static final int PRODUCERS = 6;

  private final CountDownLatch release = new CountDownLatch(1);
  private MockCluster cluster;

  @BeforeEach
  void start() {
    cluster = new MockCluster();
    // So that the first end comes after what is attached to it.
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, MockCluster.Fault.DELAY, 1, 0, 200);
  }

  @AfterEach
  void stop() {
    release.countDown();
    cluster.close();
  }

  private ProducerBuilder builder(String group) {
    return Producer.builder(group).nameServers(cluster.nameServers());
  }

  private void blockInContinuation(Producer producer) throws InterruptedException {
    CountDownLatch inside = new CountDownLatch(1);
    producer
        .sendAsync(MESSAGE)
        .thenRun(
            () -> {
              inside.countDown();
              try {
                release.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    assertThat(inside.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void waitingForAnotherSendOnTheLibrarysThreadIsRefused() {
    try (Producer producer = builder("senders").start()) {
      CompletableFuture<SendResult> nested =
          producer.sendAsync(MESSAGE).thenApply(sent -> producer.sendAsync(MESSAGE).join());
      assertThatThrownBy(nested::join)
          .isInstanceOf(CompletionException.class)
          .cause()
          .isInstanceOfSatisfying(
              RocketMqException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_STATE));
      assertThat(producer.sendAsync(MESSAGE).join()).isNotNull();
    }
  }

  @Test
  void onAnExecutorItMayWait() {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        Producer producer = builder("senders").completionExecutor(executor).start()) {
      SendResult second =
          producer.sendAsync(MESSAGE).thenApply(sent -> producer.sendAsync(MESSAGE).join()).join();
      assertThat(second.messageId()).isNotEmpty();
    }
  }

  @Test
  void othersAreToldOfTheirSendsMeanwhile() throws Exception {
    Producer[] blocked = new Producer[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, MockCluster.Fault.DELAY, 1, 0, 200);
      blocked[i] = builder("blocked" + i).instanceName("blocked" + i).start();
      blockInContinuation(blocked[i]);
    }
    try (Producer other = builder("others").start()) {
      for (int i = 0; i < 20; i++) {
        assertThat(other.sendAsync(MESSAGE).get(10, TimeUnit.SECONDS)).isNotNull();
      }
      // Synchronous sends of the blocked one need no thread of the library.
      assertThat(blocked[0].send(MESSAGE)).isNotNull();
    } finally {
      release.countDown();
      for (Producer producer : blocked) {
        producer.close();
      }
    }
  }

  @Test
  void aParkedSendEndsWithinItsTimeAndAGrace() throws Exception {
    try (Producer producer = builder("senders").sendTimeout(Duration.ofSeconds(5)).start()) {
      blockInContinuation(producer);
      CompletableFuture<Throwable> failure = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> {
            try {
              producer.send(MESSAGE, Duration.ofSeconds(1));
              failure.complete(null);
            } catch (Throwable e) {
              failure.complete(e);
            }
          });
      assertThat(failure.get(30, TimeUnit.SECONDS))
          .isInstanceOfSatisfying(
              RocketMqException.class,
              e -> {
                assertThat(e.kind()).isEqualTo(ErrorKind.TIMEOUT);
                assertThat(e.mayBeStored()).isTrue();
              });
      release.countDown();
    }
  }
}
