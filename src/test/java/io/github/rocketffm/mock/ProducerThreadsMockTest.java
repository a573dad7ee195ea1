package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which thread waits for what: virtual threads, the library's own threads, interrupted ones. */
@Tag("mock")
class ProducerThreadsMockTest {
  private static final Duration LONG = Duration.ofSeconds(60);

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
    return Producer.builder("group").nameServers(cluster.nameServers()).sendTimeout(LONG);
  }

  private static Message message() {
    return Message.builder("orders").body("hello").build();
  }

  private void answerLater(int millis) {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.DELAY, -1, 0, millis);
  }

  private void neverAnswer() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, -1, 0, 0);
  }

  @Test
  void aCloseInsideACompletionLetsEverySendEnd() {
    Producer producer = builder().start();
    answerLater(100);
    List<CompletableFuture<SendResult>> sends = new ArrayList<>();
    AtomicReference<Throwable> refused = new AtomicReference<>();
    for (int i = 0; i < 100; i++) {
      sends.add(producer.sendAsync(message()));
    }
    CompletableFuture<Void> closed =
        CompletableFuture.anyOf(sends.toArray(new CompletableFuture<?>[0]))
            .thenAccept(
                first -> {
                  producer.close();
                  producer
                      .sendAsync(message())
                      .exceptionally(
                          e -> {
                            refused.set(e);
                            return null;
                          });
                });
    closed.join();
    // It waits for the close that the completion began.
    producer.close();
    assertThat(sends).allMatch(CompletableFuture::isDone);
    assertThat(sends).noneMatch(CompletableFuture::isCompletedExceptionally);
    assertThat(((RocketMqException) refused.get()).kind()).isEqualTo(ErrorKind.CLOSED);
  }

  @Test
  void aCompletionMayCloseAnotherProducer() {
    Producer other = builder().start();
    answerLater(200);
    CompletableFuture<SendResult> sentByOther = other.sendAsync(message());
    try (Producer producer = builder().start()) {
      producer.sendAsync(message()).thenAccept(result -> other.close()).join();
    }
    assertThat(sentByOther.join()).isNotNull();
    other.close();
  }

  /** With a loader of its own, as an application in a container has it. */
  private WeakReference<ClassLoader> loaderOfAnEndedApplication() throws Exception {
    URLClassLoader loader = new URLClassLoader(new URL[0]);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try (Producer producer = builder().start()) {
      AtomicReference<ClassLoader> seen = new AtomicReference<>();
      answerLater(10);
      producer
          .sendAsync(message())
          .thenRun(() -> seen.set(Thread.currentThread().getContextClassLoader()))
          .join();
      assertThat(seen.get()).isSameAs(loader);
    } finally {
      thread.setContextClassLoader(before);
      loader.close();
    }
    return new WeakReference<>(loader);
  }

  @Test
  void threadsOfTheLibraryKeepNoLoaderOfAnEndedApplication() throws Exception {
    WeakReference<ClassLoader> loader = loaderOfAnEndedApplication();
    await()
        .until(
            () -> {
              System.gc();
              return loader.get() == null;
            });
  }

  @Test
  void aCompletionSendsTheNextOneAtTheLimit() {
    try (Producer producer = builder().maxInFlight(1).start()) {
      CompletableFuture<SendResult> chain = producer.sendAsync(message());
      for (int i = 0; i < 20; i++) {
        chain = chain.thenCompose(result -> producer.sendAsync(message()));
      }
      assertThat(chain.join().messageId()).matches("[0-9A-F]{32}");
    }
    assertThat(cluster.messages("orders")).isEqualTo(21);
  }

  @Test
  void waitingVirtualThreadsLeaveTheirCarriersToOthers() throws Exception {
    neverAnswer();
    int waiting = 4 * Runtime.getRuntime().availableProcessors();
    Producer producer = builder().start();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      AtomicInteger ended = new AtomicInteger();
      for (int i = 0; i < waiting; i++) {
        executor.submit(
            () -> {
              try {
                producer.send(message());
              } catch (RocketMqException e) {
                ended.incrementAndGet();
              }
            });
      }
      await().until(() -> cluster.requests(MockCluster.BROKER, MockCluster.SEND) >= waiting);
      // All of them wait: another one gets a carrier at once.
      executor.submit(() -> {}).get();
      assertThat(ended).hasValue(0);
      producer.close(Duration.ZERO);
      await().until(() -> ended.get() == waiting);
    }
  }

  @Test
  void virtualThreadsThatWaitForTheirTurnLeaveTheirCarriersToo() throws Exception {
    neverAnswer();
    int waiting = 4 * Runtime.getRuntime().availableProcessors();
    Producer producer = builder().maxInFlight(1).blockWhenFull(true).start();
    CompletableFuture<SendResult> first = producer.sendAsync(message());
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Thread> threads = new ArrayList<>();
      AtomicInteger interrupted = new AtomicInteger();
      AtomicInteger begun = new AtomicInteger();
      // The first one on a virtual thread has the turn, the others wait for it.
      for (int i = 0; i < waiting; i++) {
        threads.add(
            Thread.startVirtualThread(
                () -> {
                  begun.incrementAndGet();
                  producer
                      .sendAsync(message(), Duration.ofSeconds(2))
                      .exceptionally(
                          e -> {
                            ErrorKind kind = ((RocketMqException) e).kind();
                            interrupted.addAndGet(kind == ErrorKind.INTERRUPTED ? 1 : 0);
                            return null;
                          });
                }));
      }
      await().until(() -> begun.get() == waiting);
      executor.submit(() -> {}).get();
      for (Thread thread : threads.subList(waiting / 2, waiting)) {
        thread.interrupt();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(interrupted.get()).isPositive();
    }
    producer.close(Duration.ZERO);
    assertThat(first).isCompletedExceptionally();
  }

  @Test
  void anInterruptEndsTheWaitAndStaysSet() throws Exception {
    neverAnswer();
    Producer producer = builder().start();
    AtomicReference<RocketMqException> failure = new AtomicReference<>();
    AtomicReference<Boolean> set = new AtomicReference<>();
    Thread thread =
        Thread.startVirtualThread(
            () -> {
              try {
                producer.send(message());
              } catch (RocketMqException e) {
                failure.set(e);
                set.set(Thread.currentThread().isInterrupted());
              }
            });
    await().until(() -> cluster.requests(MockCluster.BROKER, MockCluster.SEND) == 1);
    thread.interrupt();
    thread.join();
    assertThat(failure.get().kind()).isEqualTo(ErrorKind.INTERRUPTED);
    assertThat(set.get()).isTrue();
    producer.close(Duration.ZERO);
  }

  @Test
  void aFailureOnAVirtualThreadShowsWhereItWasSent() throws Exception {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, -1, 13, 0);
    AtomicReference<RocketMqException> failure = new AtomicReference<>();
    try (Producer producer = builder().start()) {
      Thread.startVirtualThread(
              () -> {
                try {
                  producer.send(message());
                } catch (RocketMqException e) {
                  failure.set(e);
                }
              })
          .join();
    }
    assertThat(failure.get().responseCode()).hasValue(13);
    assertThat(failure.get().getStackTrace())
        .anyMatch(frame -> frame.getClassName().equals(ProducerThreadsMockTest.class.getName()));
  }

  @Test
  void oneWaySendsAndWarmUpsDoNotHoldACarrier() throws Exception {
    // No route: both wait.
    cluster.inject(MockCluster.NAME_SERVER, MockCluster.ROUTE, Fault.IGNORE, -1, 0, 0);
    int waiting = 4 * Runtime.getRuntime().availableProcessors();
    Producer producer = builder().requestTimeout(LONG).start();
    List<Thread> threads = new ArrayList<>();
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    for (int i = 0; i < waiting; i++) {
      boolean oneWay = i % 2 == 0;
      threads.add(
          Thread.startVirtualThread(
              () -> {
                try {
                  if (oneWay) {
                    producer.sendOneWay(message());
                  } else {
                    producer.warmUp("orders");
                  }
                } catch (Throwable e) {
                  failures.add(e);
                }
              }));
    }
    await().until(() -> cluster.requests(MockCluster.NAME_SERVER, MockCluster.ROUTE) >= 1);
    Thread.startVirtualThread(() -> {}).join();
    producer.close(Duration.ZERO);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).hasSize(waiting).allMatch(RocketMqException.class::isInstance);
  }

  @Test
  void completionsSeeTheApplicationsClassLoader() {
    AtomicReference<ClassLoader> seen = new AtomicReference<>();
    answerLater(50);
    try (Producer producer = builder().start()) {
      producer
          .sendAsync(message())
          .thenRun(() -> seen.set(Thread.currentThread().getContextClassLoader()))
          .join();
    }
    assertThat(seen.get()).isSameAs(Thread.currentThread().getContextClassLoader()).isNotNull();
  }
}
