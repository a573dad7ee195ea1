package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.TooManyRequestsException;
import io.github.rocketffm.testing.MockCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An executor that refuses says nothing of the messages: they wait, and are handed over again. */
@Tag("mock")
class RefusingExecutorMockTest {
  private static final int COUNT = 200;
  private static final int MANY = 5_000;
  private static final int HELD = 3_000;
  private static final int REFUSALS = 3;
  private static final Duration NO_THREADS = Duration.ofSeconds(5);

  private final Queue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();
  private MockCluster cluster;
  private ThreadPoolExecutor small;

  @BeforeEach
  void start() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 4);
    small = new ThreadPoolExecutor(2, 2, 1, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1));
    Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
  }

  @AfterEach
  void stop() {
    small.shutdownNow();
    cluster.close();
  }

  private PushConsumerBuilder consumer(Executor executor) {
    for (int i = 0; i < COUNT; i++) {
      cluster.put("orders", i % 4, "m" + i);
    }
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe("orders", FilterExpression.all())
        .executor(executor)
        .listener(
            message -> {
              Thread.sleep(1);
              received.add(message);
              return ConsumeResult.SUCCESS;
            });
  }

  private void awaitEachOnce(PushConsumer consumer) {
    await().until(() -> consumer.statistics().messagesConsumed() == COUNT);
    assertThat(received).hasSize(COUNT).allMatch(message -> message.reconsumeTimes() == 0);
    assertThat(received.stream().map(ReceivedMessage::bodyAsString).distinct()).hasSize(COUNT);
    assertThat(consumer.statistics().messagesSentBack()).isZero();
  }

  @Test
  void aFullPoolCountsAsNoDelivery() {
    try (PushConsumer consumer = consumer(small).start()) {
      awaitEachOnce(consumer);
    }
  }

  @Test
  void broadcastingLosesNothingThroughAFullPool(@TempDir Path offsets) {
    try (PushConsumer consumer =
        consumer(small).broadcasting().offsetDirectory(offsets).instanceName("one").start()) {
      awaitEachOnce(consumer);
    }
  }

  private static Throwable failure(boolean outOfMemory) {
    return outOfMemory
        ? new OutOfMemoryError("unable to create native thread")
        : new IllegalStateException("on purpose");
  }

  private static <E extends Throwable> void fail(Throwable failure) throws E {
    @SuppressWarnings("unchecked") // Nothing is cast: whatever it is, it is thrown unchecked.
    E unchecked = (E) failure;
    throw unchecked;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatRanBeforeTheExecutorFailedDoesNotComeAgain(boolean outOfMemory) {
    Executor runsAndFails =
        task -> {
          task.run();
          fail(failure(outOfMemory));
        };
    try (PushConsumer consumer = consumer(runsAndFails).start()) {
      awaitEachOnce(consumer);
    }
  }

  /** For longer than an event is tried again whose reading finds no memory. */
  private static Executor withoutThreadsForSeconds() {
    long begin = System.nanoTime();
    return task -> {
      if (System.nanoTime() - begin < NO_THREADS.toNanos()) {
        throw new OutOfMemoryError("unable to create native thread");
      }
      Thread.startVirtualThread(task);
    };
  }

  @Test
  void nothingIsSentBackWhileThereAreNoThreads() {
    try (PushConsumer consumer = consumer(withoutThreadsForSeconds()).start()) {
      awaitEachOnce(consumer);
    }
  }

  @Test
  void broadcastingLosesNothingWhileThereAreNoThreads(@TempDir Path offsets) {
    try (PushConsumer consumer =
        consumer(withoutThreadsForSeconds())
            .broadcasting()
            .offsetDirectory(offsets)
            .instanceName("one")
            .start()) {
      awaitEachOnce(consumer);
    }
  }

  /** As a pool that has queued the task, and then finds no thread for it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatRunsAfterTheExecutorFailedIsConsumedOnce(boolean outOfMemory) {
    AtomicInteger calls = new AtomicInteger();
    Executor queuesAndFails =
        task -> {
          Thread.startVirtualThread(task);
          if (calls.incrementAndGet() % 2 == 0) {
            fail(failure(outOfMemory));
          }
        };
    try (PushConsumer consumer = consumer(queuesAndFails).start()) {
      awaitEachOnce(consumer);
    }
  }

  @Test
  void closeEndsWhileTheExecutorRefuses() {
    AtomicInteger refused = new AtomicInteger();
    PushConsumer consumer =
        consumer(
                task -> {
                  refused.incrementAndGet();
                  throw new RejectedExecutionException("full");
                })
            .start();
    await().until(() -> refused.get() > 1);
    long begin = System.nanoTime();
    consumer.close(Duration.ZERO);
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(20));
    assertThat(received).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void endsOfSendsAreToldAfterAnyFailureOfTheExecutor(boolean outOfMemory) {
    AtomicInteger calls = new AtomicInteger();
    AtomicInteger told = new AtomicInteger();
    Executor executor =
        task -> {
          int call = calls.incrementAndGet();
          if (call % 3 == 2) {
            Thread.startVirtualThread(task);
          }
          if (call % 3 != 0) {
            // Of these, one has the task all the same.
            fail(failure(outOfMemory));
          }
          task.run();
        };
    try (Producer producer =
        Producer.builder("senders")
            .nameServers(cluster.nameServers())
            .completionExecutor(executor)
            .start()) {
      List<CompletableFuture<Void>> sends = new ArrayList<>();
      for (int i = 0; i < COUNT; i++) {
        sends.add(
            producer
                .sendAsync(Message.builder("orders").body("x").build())
                .thenRun(told::incrementAndGet));
      }
      await().until(() -> sends.stream().allMatch(CompletableFuture::isDone));
    }
    assertThat(told).hasValue(COUNT);
  }

  /** Not on the test's thread, which a close that does not end must not hold. */
  private static void closeAndAwait(Runnable close, List<? extends CompletableFuture<?>> calls) {
    CompletableFuture<Void> closed = CompletableFuture.runAsync(close, Thread::startVirtualThread);
    await().until(() -> calls.stream().allMatch(CompletableFuture::isDone));
    await().until(closed::isDone);
  }

  @Test
  void sendsEndThoughTheExecutorWasShutDownBeforeTheClose() {
    Producer producer =
        Producer.builder("senders")
            .nameServers(cluster.nameServers())
            .completionExecutor(small)
            .start();
    small.shutdown();
    List<CompletableFuture<?>> sends = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      sends.add(producer.sendAsync(Message.builder("orders").body("x").build()));
    }
    closeAndAwait(() -> producer.close(Duration.ZERO), sends);
  }

  @Test
  void receivesEndThoughTheExecutorWasShutDownBeforeTheClose() {
    SimpleConsumer consumer =
        SimpleConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .subscribe("orders", FilterExpression.all())
            .completionExecutor(small)
            .start();
    small.shutdown();
    List<CompletableFuture<?>> receives = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      receives.add(consumer.receiveAsync(1, Duration.ofSeconds(30)));
    }
    closeAndAwait(() -> consumer.close(Duration.ZERO), receives);
  }

  @Test
  void endsOfSendsAreToldOnceTheExecutorTakesThem() {
    AtomicInteger refusals = new AtomicInteger();
    Executor executor =
        task -> {
          if (refusals.incrementAndGet() <= REFUSALS) {
            throw new RejectedExecutionException("full");
          }
          Thread.ofVirtual().name("completions").start(task);
        };
    try (Producer producer =
        Producer.builder("senders")
            .nameServers(cluster.nameServers())
            .completionExecutor(executor)
            .start()) {
      List<CompletableFuture<String>> threads = new ArrayList<>();
      for (int i = 0; i < COUNT; i++) {
        threads.add(
            producer
                .sendAsync(Message.builder("orders").body("x").build())
                .thenApply(sent -> Thread.currentThread().getName()));
      }
      await().until(() -> threads.stream().allMatch(CompletableFuture::isDone));
      assertThat(refusals.get()).isGreaterThan(REFUSALS);
    }
  }

  /** Neither what it discards nor what it refuses is in the way of calls that wait themselves. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void synchronousCallsOfVirtualThreadsNeedNoExecutor(boolean refuses) throws Exception {
    try (Producer producer =
        Producer.builder("senders")
            .nameServers(cluster.nameServers())
            .sendTimeout(Duration.ofSeconds(20))
            .maxInFlight(MANY)
            .completionExecutor(none(refuses))
            .start()) {
      Message message = Message.builder("orders").body("x").build();
      List<CompletableFuture<?>> held = new ArrayList<>();
      // Those in flight still end when so many are refused that no further one begins.
      int count = refuses ? HELD : COUNT;
      for (int i = 0; i < count && (held.isEmpty() || !held.getLast().isDone()); i++) {
        held.add(producer.sendAsync(message, Duration.ofMillis(400)));
      }
      await().until(() -> producer.statistics().inFlightCount() == 0);
      assertThat(held.getFirst()).isNotDone();
      onVirtualThread(
          () -> {
            assertThat(producer.send(message).messageId()).isNotEmpty();
            assertThat(producer.send(List.of(message, message))).hasSize(2);
            return null;
          });
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void synchronousCallsOfASimpleConsumerNeedNoExecutor(boolean refuses) throws Exception {
    cluster.put("orders", 0, "m");
    try (SimpleConsumer consumer =
        SimpleConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("orders", FilterExpression.all())
            .completionExecutor(none(refuses))
            .start()) {
      List<ReceivedMessage> messages = consumer.receive(1, Duration.ofSeconds(30));
      assertThat(messages).hasSize(1);
      onVirtualThread(
          () -> {
            consumer.changeInvisibleDuration(messages.getFirst(), Duration.ofSeconds(20));
            consumer.ack(messages.getFirst());
            return null;
          });
    }
  }

  private static Executor none(boolean refuses) {
    return task -> {
      if (refuses) {
        throw new RejectedExecutionException("on purpose");
      }
    };
  }

  private static void onVirtualThread(Callable<Void> calls) throws Exception {
    FutureTask<Void> task = new FutureTask<>(calls);
    Thread.startVirtualThread(task);
    task.get(15, TimeUnit.SECONDS);
  }

  @Test
  void noSendBeginsWhileTooManyEndsAreRefusedAndEachIsToldOnce() {
    AtomicBoolean refuses = new AtomicBoolean(true);
    AtomicInteger told = new AtomicInteger();
    Executor executor =
        task -> {
          if (refuses.get()) {
            throw new RejectedExecutionException("on purpose");
          }
          task.run();
        };
    try (Producer producer =
        Producer.builder("senders")
            .nameServers(cluster.nameServers())
            .completionExecutor(executor)
            .start()) {
      Message message = Message.builder("orders").body("x").build();
      List<CompletableFuture<Integer>> sends = new ArrayList<>();
      CompletableFuture<?> last;
      do {
        last = producer.sendAsync(message, Duration.ofMillis(300));
        // As a failure where a slow machine answers too late.
        sends.add(last.handle((result, failure) -> told.incrementAndGet()));
        assertThat(sends).hasSizeLessThan(20_000);
      } while (!last.isDone());
      assertThat(last)
          .isCompletedExceptionally()
          .failsWithin(Duration.ZERO)
          .withThrowableThat()
          .havingCause()
          .isInstanceOf(TooManyRequestsException.class);
      refuses.set(false);
      await().until(() -> sends.stream().allMatch(CompletableFuture::isDone));
      assertThat(told).hasValue(sends.size());
      assertThat(producer.sendAsync(message)).succeedsWithin(Duration.ofSeconds(20));
    }
  }
}
