package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.QueueSelector;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Asynchronous sends whose selector waits for a topic's queues. */
@Tag("mock")
class SelectorMockTest {
  private static final QueueSelector FIRST = (message, queues) -> queues.getFirst();

  private final MockCluster cluster = new MockCluster();

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder builder() {
    return Producer.builder("group").nameServers(cluster.nameServers());
  }

  private static Message message(String body) {
    return Message.builder("orders").body(body).build();
  }

  @Test
  void noCallerWaitsForTheQueuesOfATopic() {
    cluster.inject(MockCluster.NAME_SERVER, MockCluster.ROUTE, Fault.IGNORE, -1, 0, 0);
    try (Producer producer = builder().sendTimeout(Duration.ofSeconds(2)).start()) {
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      long begin = System.nanoTime();
      for (int i = 0; i < 10; i++) {
        sends.add(producer.sendAsync(message("hello"), FIRST));
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
      // One after the other they would take ten times as long.
      for (CompletableFuture<SendResult> send : sends) {
        assertThatThrownBy(() -> send.get(15, TimeUnit.SECONDS))
            .cause()
            .isInstanceOf(DeadlineExceededException.class);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(15));
    }
  }

  @Test
  void sendsOfOneThreadKeepTheirOrder() throws Exception {
    cluster.inject(MockCluster.NAME_SERVER, MockCluster.ROUTE, Fault.DELAY, 1, 0, 300);
    try (Producer producer = builder().start()) {
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        sends.add(producer.sendAsync(message("m" + i), FIRST));
        if (i >= 100) {
          // The queues become known meanwhile.
          Thread.sleep(5);
        }
      }
      List<Long> offsets = new ArrayList<>();
      for (CompletableFuture<SendResult> send : sends) {
        offsets.add(send.get(30, TimeUnit.SECONDS).queueOffset());
      }
      assertThat(offsets).isSorted().doesNotHaveDuplicates().hasSize(200);
    }
  }

  @Test
  void oneBegunByTheEndOfAnotherGoesToANewTopic() throws Exception {
    try (Producer producer = builder().start()) {
      SendResult second =
          producer
              .sendAsync(message("first"))
              .thenCompose(
                  first ->
                      producer.sendAsync(Message.builder("bills").body("second").build(), FIRST))
              .get(30, TimeUnit.SECONDS);
      assertThat(second.queue().topic()).isEqualTo("bills");
    }
  }

  @Test
  void whatASelectorThrowsEndsItsOwnSendAlone() throws Exception {
    AssertionError thrown = new AssertionError("no such queue");
    try (Producer producer = builder().start()) {
      CompletableFuture<SendResult> failing =
          producer.sendAsync(
              message("hello"),
              (message, queues) -> {
                throw thrown;
              });
      CompletableFuture<SendResult> next = producer.sendAsync(message("hello"), FIRST);
      assertThatThrownBy(() -> failing.get(30, TimeUnit.SECONDS)).hasCause(thrown);
      assertThat(next.get(30, TimeUnit.SECONDS).messageId()).isNotEmpty();
    }
  }
}
