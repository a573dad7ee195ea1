package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The names under which the library's threads are found in a thread dump, and that they keep no process alive. */
@Tag("mock")
class ThreadNamesMockTest {
  private static final int SEND_BATCH = 320;
  private static final String EVENTS = "rocketmq-events-\\d+";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Message MESSAGE = Message.builder("orders").body("x").build();

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
    // So that what is attached to a future is there before its end.
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.DELAY, -1, 0, 100);
    cluster.inject(MockCluster.BROKER, SEND_BATCH, Fault.DELAY, -1, 0, 100);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private Producer producer() {
    return Producer.builder("group").nameServers(cluster.nameServers()).start();
  }

  private static void assertDaemon(Thread thread, String name) {
    assertThat(thread.getName()).matches(name);
    assertThat(thread.isDaemon()).isTrue();
    assertThat(thread.isVirtual()).isFalse();
  }

  private static List<Thread> named(String pattern) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches(pattern))
        .toList();
  }

  @Test
  void whatIsAttachedToAFutureRunsOnAThreadForEvents() {
    try (Producer producer = producer()) {
      assertDaemon(
          producer.sendAsync(MESSAGE).thenApply(sent -> Thread.currentThread()).join(), EVENTS);
      assertDaemon(
          producer.sendAsync(List.of(MESSAGE)).thenApply(sent -> Thread.currentThread()).join(),
          EVENTS);
    }
  }

  @Test
  void withAnExecutorItRunsThere() {
    try (ExecutorService executor =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().name("mine").factory());
        Producer producer =
            Producer.builder("group")
                .nameServers(cluster.nameServers())
                .completionExecutor(executor)
                .start()) {
      assertThat(
              producer
                  .sendAsync(MESSAGE)
                  .thenApply(sent -> Thread.currentThread().getName())
                  .join())
          .isEqualTo("mine");
    }
  }

  @Test
  void aQueueListenerRunsOnAThreadForEventsAndAListenerOnAVirtualOne() {
    cluster.put("orders", 0, "hello");
    CompletableFuture<Thread> queues = new CompletableFuture<>();
    CompletableFuture<Thread> listener = new CompletableFuture<>();
    try (PushConsumer consumer =
        PushConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .heartbeatInterval(Duration.ofMillis(200))
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("orders", FilterExpression.all())
            .queueListener((topic, all) -> queues.complete(Thread.currentThread()))
            .listener(
                message -> {
                  listener.complete(Thread.currentThread());
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      assertThat(queues).succeedsWithin(PATIENCE);
      assertThat(listener).succeedsWithin(PATIENCE);
      assertThat(consumer.subscriptions()).containsOnlyKeys("orders");
    }
    assertDaemon(queues.join(), EVENTS);
    assertThat(listener.join().isVirtual()).isTrue();
  }

  @Test
  void aCallThatMayBeInterruptedRunsOnAThreadForBlockingCalls() throws Exception {
    try (Producer producer = producer()) {
      producer.sendAsync(MESSAGE);
      Thread waiting = Thread.ofPlatform().start(() -> catchThrowable(producer::flush));
      await().atMost(PATIENCE).until(() -> !named("rocketmq-blocking-\\d+").isEmpty());
      named("rocketmq-blocking-\\d+")
          .forEach(thread -> assertDaemon(thread, "rocketmq-blocking-\\d+"));
      waiting.interrupt();
      waiting.join();
    }
  }

  @Test
  void aCloseInWhatIsAttachedToAFutureRunsOnAThreadOfItsOwn() {
    Producer producer = producer();
    CompletableFuture<List<Thread>> closing =
        producer
            .sendAsync(MESSAGE)
            .thenApply(
                sent -> {
                  // For which the close waits.
                  producer.sendAsync(MESSAGE);
                  producer.close();
                  return named("rocketmq-close");
                });
    assertThat(closing.join()).isNotEmpty().allMatch(Thread::isDaemon);
    producer.close();
  }
}
