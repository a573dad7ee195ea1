package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ClientClosedException;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SendStatus;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionChecker;
import io.github.rocketffm.TransactionListener;
import io.github.rocketffm.TransactionSendResult;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("mock")
class TransactionMockTest {
  private static final TransactionChecker UNKNOWN = message -> TransactionState.UNKNOWN;
  private static final Message MESSAGE = Message.builder("orders").body("hello").build();
  private static final int FLUSH_DISK_TIMEOUT = 10;

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder builder() {
    return Producer.builder("tellers")
        .nameServers(cluster.nameServers())
        .heartbeatInterval(Duration.ofMillis(200))
        .sendTimeout(Duration.ofSeconds(20));
  }

  private static TransactionListener listener(TransactionState state, Throwable failure) {
    return new TransactionListener() {
      @Override
      public TransactionState execute(Message message, SendResult half, Object argument)
          throws Exception {
        if (failure instanceof Exception e) {
          throw e;
        }
        if (failure instanceof Error e) {
          throw e;
        }
        return state;
      }

      @Override
      public TransactionState check(ReceivedMessage message) {
        return TransactionState.COMMIT;
      }
    };
  }

  /** The broker asks about all that is open, as soon as it knows whom. */
  private void check() {
    await().until(() -> cluster.checkTransactions() > 0);
  }

  @Test
  void aTransactionIsCommittedOrRolledBack() {
    try (Producer producer = builder().transactionChecker(UNKNOWN).start()) {
      try (Transaction transaction = producer.begin(MESSAGE)) {
        assertThat(transaction.messageId()).matches("[0-9A-F]{32}");
        assertThat(transaction.sendResult().status()).isEqualTo(SendStatus.SEND_OK);
        assertThat(producer.statistics().openTransactions()).isEqualTo(1);
        assertThat(cluster.messages("orders")).isZero();
        transaction.commit();
        transaction.commit();
      }
      await().until(() -> cluster.messages("orders") == 1);
      try (Transaction transaction = producer.begin(MESSAGE)) {
        transaction.rollback();
        transaction.rollback();
      }
      try (Transaction transaction = producer.begin(MESSAGE)) {
        assertThat(transaction.sendResult().queueOffset()).isEqualTo(2);
      }
      await().until(() -> cluster.openTransactions() == 0);
      assertThat(producer.statistics().openTransactions()).isZero();
    }
    assertThat(cluster.messages("orders")).isEqualTo(1);
    assertThat(cluster.requests(MockCluster.BROKER, MockCluster.END_TRANSACTION)).isEqualTo(3);
  }

  @Test
  void theFirstDecisionCounts() {
    try (Producer producer = builder().transactionChecker(UNKNOWN).start()) {
      Transaction committed = producer.begin(MESSAGE);
      committed.commit();
      assertThatThrownBy(committed::rollback)
          .isInstanceOfSatisfying(
              RocketMqException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_STATE))
          .hasMessageContaining("COMMIT was asked for before");
      committed.close();
      Transaction closed = producer.begin(MESSAGE);
      closed.close();
      closed.close();
      assertThatThrownBy(closed::commit)
          .isInstanceOfSatisfying(
              RocketMqException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_STATE));
      await().until(() -> cluster.openTransactions() == 0);
    }
    assertThat(cluster.messages("orders")).isEqualTo(1);
  }

  /** Otherwise try-with-resources would undo a commit whose fate only the checker may tell. */
  @Test
  void aCommitThatDidNotReachTheBrokerIsNotRolledBack() {
    AtomicReference<String> asked = new AtomicReference<>();
    TransactionChecker checker =
        message -> {
          asked.set(message.messageId());
          return TransactionState.COMMIT;
        };
    try (Producer producer =
        builder().sendTimeout(Duration.ofSeconds(3)).transactionChecker(checker).start()) {
      Transaction transaction = producer.begin(MESSAGE);
      cluster.stop(MockCluster.BROKER, 0);
      await()
          .until(
              () -> {
                try {
                  producer.sendOneWay(MESSAGE);
                  return false;
                } catch (RocketMqException e) {
                  return true;
                }
              });
      assertThatThrownBy(transaction::commit)
          .isInstanceOf(RocketMqException.class)
          .hasMessageContaining(transaction.messageId());
      transaction.close();
      assertThatThrownBy(transaction::rollback).hasMessageContaining("COMMIT was asked for");
      cluster.start(MockCluster.BROKER, 0);
      check();
      await().until(() -> cluster.messages("orders") == 1);
      assertThat(asked).hasValue(transaction.messageId());
    }
  }

  @Test
  void virtualThreadsBeginAndCommit() throws Exception {
    try (Producer producer = builder().transactionChecker(UNKNOWN).start();
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<? extends java.util.concurrent.Future<?>> all =
          java.util.stream.IntStream.range(0, 100)
              .mapToObj(
                  i ->
                      executor.submit(
                          () -> {
                            try (Transaction transaction = producer.begin(MESSAGE)) {
                              if (i % 2 == 0) {
                                transaction.commit();
                              }
                            }
                          }))
              .toList();
      for (var each : all) {
        each.get();
      }
      await().until(() -> cluster.openTransactions() == 0);
    }
    assertThat(cluster.messages("orders")).isEqualTo(50);
  }

  @Test
  void theListenerDecides() {
    AtomicReference<Object> given = new AtomicReference<>();
    TransactionListener listener =
        new TransactionListener() {
          @Override
          public TransactionState execute(Message message, SendResult half, Object argument) {
            given.set(argument);
            assertThat(message).isSameAs(MESSAGE);
            assertThat(half.messageId()).matches("[0-9A-F]{32}");
            return argument == null ? TransactionState.ROLLBACK : TransactionState.COMMIT;
          }

          @Override
          public TransactionState check(ReceivedMessage message) {
            return TransactionState.UNKNOWN;
          }
        };
    try (Producer producer = builder().transactionListener(listener).start()) {
      TransactionSendResult committed = producer.sendInTransaction(MESSAGE, "order 7");
      assertThat(committed.state()).isEqualTo(TransactionState.COMMIT);
      assertThat(committed.failure()).isEmpty();
      assertThat(committed.sendResult().status()).isEqualTo(SendStatus.SEND_OK);
      assertThat(given).hasValue("order 7");
      assertThat(producer.sendInTransaction(MESSAGE, null).state())
          .isEqualTo(TransactionState.ROLLBACK);
      await().until(() -> cluster.openTransactions() == 0);
      assertThat(cluster.messages("orders")).isEqualTo(1);
      // A listener is a checker too.
      try (Transaction transaction = producer.begin(MESSAGE)) {
        transaction.commit();
      }
      await().until(() -> cluster.messages("orders") == 2);
    }
  }

  @Test
  void aListenerThatFailsLeavesItToTheCheck() {
    for (Throwable failure :
        new Throwable[] {new IllegalStateException("no"), new AssertionError("no"), null}) {
      int before = cluster.messages("orders");
      try (Producer producer = builder().transactionListener(listener(null, failure)).start()) {
        TransactionSendResult result = producer.sendInTransaction(MESSAGE, null);
        assertThat(result.state()).isEqualTo(TransactionState.UNKNOWN);
        assertThat(result.failure().orElse(null)).isSameAs(failure);
        assertThat(cluster.openTransactions()).isEqualTo(1);
        check();
        await().until(() -> cluster.messages("orders") == before + 1);
      }
    }
  }

  @Test
  void aListenerThatIsInterruptedKeepsTheInterrupt() {
    try (Producer producer =
        builder()
            .transactionListener(
                listener(TransactionState.COMMIT, new InterruptedException("enough")))
            .start()) {
      assertThat(producer.sendInTransaction(MESSAGE, null).state())
          .isEqualTo(TransactionState.UNKNOWN);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void aHalfMessageThatIsNotSafeIsRolledBack() {
    try (Producer producer =
        builder().transactionListener(listener(TransactionState.COMMIT, null)).start()) {
      for (int i = 0; i < 2; i++) {
        cluster.inject(
            MockCluster.BROKER, MockCluster.SEND, Fault.STATUS, 1, FLUSH_DISK_TIMEOUT, 0);
        if (i == 0) {
          TransactionSendResult result = producer.sendInTransaction(MESSAGE, null);
          assertThat(result.state()).isEqualTo(TransactionState.ROLLBACK);
          assertThat(result.sendResult().status()).isEqualTo(SendStatus.FLUSH_DISK_TIMEOUT);
        } else {
          assertThatThrownBy(() -> producer.begin(MESSAGE))
              .isInstanceOf(RequestRejectedException.class)
              .hasMessageContaining("FLUSH_DISK_TIMEOUT");
        }
        await().until(() -> cluster.openTransactions() == 0);
      }
    }
    assertThat(cluster.messages("orders")).isZero();
  }

  @Test
  void whatIsMissingIsTold() {
    try (Producer plain = builder().start()) {
      assertThatThrownBy(() -> plain.begin(MESSAGE))
          .isInstanceOfSatisfying(
              RocketMqException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_STATE))
          .hasMessageContaining("transactionChecker");
      assertThatThrownBy(() -> plain.sendInTransaction(MESSAGE, null))
          .hasMessageContaining("transactionListener");
    }
    Producer closed;
    Transaction left;
    try (Producer producer = builder().transactionChecker(UNKNOWN).start()) {
      assertThatThrownBy(() -> producer.sendInTransaction(MESSAGE, null))
          .hasMessageContaining("transactionListener");
      assertThatThrownBy(
              () -> producer.begin(Message.builder("orders").body("x").delayLevel(1).build()))
          .isInstanceOf(InvalidArgumentException.class);
      assertThatThrownBy(
              () ->
                  producer.begin(
                      Message.builder("orders")
                          .body("x")
                          .deliverAt(Instant.now().plusSeconds(9))
                          .build()))
          .isInstanceOf(InvalidArgumentException.class);
      closed = producer;
      left = producer.begin(MESSAGE);
    }
    assertThatThrownBy(() -> closed.begin(MESSAGE)).isInstanceOf(ClientClosedException.class);
    assertThatThrownBy(left::commit).isInstanceOf(ClientClosedException.class);
    left.close();
    assertThatThrownBy(() -> builder().transactionListener(null))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void theCheckerSeesTheMessageAndIsAskedAgainWhereItDoesNotKnow() {
    ConcurrentLinkedQueue<ReceivedMessage> asked = new ConcurrentLinkedQueue<>();
    String text = "long ".repeat(5000);
    TransactionChecker checker =
        message -> {
          asked.add(message);
          assertThat(Thread.currentThread().isVirtual()).isTrue();
          return switch (asked.size()) {
            case 1 -> null;
            case 2 -> throw new Exception("the database is gone");
            case 3 -> TransactionState.UNKNOWN;
            default -> TransactionState.COMMIT;
          };
        };
    try (Producer producer = builder().transactionChecker(checker).start()) {
      Message message =
          Message.builder("orders").tag("t").key("k").property("p", "grün").body(text).build();
      Transaction transaction = producer.begin(message);
      for (int i = 1; i <= 4; i++) {
        int times = i;
        check();
        await().until(() -> asked.size() == times && producer.statistics().pendingChecks() == 0);
      }
      await().until(() -> cluster.messages("orders") == 1);
      for (ReceivedMessage each : asked) {
        assertThat(each.messageId()).isEqualTo(transaction.messageId());
        assertThat(each.bodyAsString()).isEqualTo(text);
        assertThat(each.topic()).isEqualTo("orders");
        assertThat(each.tag()).contains("t");
        assertThat(each.keys()).containsExactly("k");
        assertThat(each.property("p")).contains("grün");
        assertThat(each.<Long>readBody(bytes -> bytes.byteSize())).isEqualTo(text.length());
      }
    }
  }

  @Test
  void theCheckerRunsOnTheExecutorThatItIsGiven() {
    CompletableFuture<String> thread = new CompletableFuture<>();
    TransactionChecker checker =
        message -> {
          thread.complete(Thread.currentThread().getName());
          return TransactionState.COMMIT;
        };
    try (ExecutorService executor =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().name("mine").factory());
        Producer producer =
            builder().transactionChecker(checker).transactionExecutor(executor).start()) {
      producer.begin(MESSAGE);
      check();
      assertThat(thread.join()).isEqualTo("mine");
      await().until(() -> cluster.messages("orders") == 1);
    }
  }

  @Test
  void anExecutorThatRefusesLeavesItUnknown() {
    try (Producer producer =
        builder()
            .transactionChecker(UNKNOWN)
            .transactionExecutor(
                task -> {
                  throw new RejectedExecutionException("full");
                })
            .start()) {
      producer.begin(MESSAGE);
      check();
      await().until(() -> cluster.requests(MockCluster.BROKER, MockCluster.END_TRANSACTION) == 1);
      assertThat(producer.statistics().pendingChecks()).isZero();
      assertThat(cluster.openTransactions()).isEqualTo(1);
    }
  }

  @Test
  void aCheckWaitsForAThreadToRunIt() {
    AtomicInteger refusals = new AtomicInteger();
    try (Producer producer =
        builder()
            .transactionChecker(message -> TransactionState.COMMIT)
            .transactionExecutor(
                task -> {
                  if (refusals.incrementAndGet() <= 3) {
                    throw new OutOfMemoryError("unable to create native thread");
                  }
                  Thread.startVirtualThread(task);
                })
            .start()) {
      producer.begin(MESSAGE);
      // Asked once: an answer of UNKNOWN would leave it open.
      check();
      await().until(() -> cluster.messages("orders") == 1);
      assertThat(refusals).hasValue(4);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anExecutorThatFailsAfterTheCheckerRanLeavesItsAnswer(boolean outOfMemory) {
    AtomicInteger asked = new AtomicInteger();
    try (Producer producer =
        builder()
            .transactionChecker(
                message -> {
                  asked.incrementAndGet();
                  return TransactionState.COMMIT;
                })
            .transactionExecutor(
                task -> {
                  task.run();
                  if (outOfMemory) {
                    throw new OutOfMemoryError("unable to create native thread");
                  }
                  throw new IllegalStateException("on purpose");
                })
            .start()) {
      producer.begin(MESSAGE);
      producer.begin(MESSAGE);
      check();
      await().until(() -> cluster.messages("orders") == 2);
      await().until(() -> producer.statistics().pendingChecks() == 0);
      assertThat(asked).hasValue(2);
    }
  }

  @Test
  void closeIsNotHeldUpByACheckerThatHangs() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch returned = new CountDownLatch(1);
    TransactionChecker checker =
        message -> {
          inside.countDown();
          release.await();
          returned.countDown();
          return TransactionState.COMMIT;
        };
    Producer producer = builder().transactionChecker(checker).start();
    producer.begin(MESSAGE);
    check();
    inside.await();
    long begin = System.nanoTime();
    producer.close(Duration.ofMillis(100));
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    release.countDown();
    returned.await();
    assertThat(cluster.openTransactions()).isEqualTo(1);
  }

  @Test
  void aCheckerMayCloseItsProducer() {
    AtomicReference<Producer> self = new AtomicReference<>();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    TransactionChecker checker =
        message -> {
          self.get().close();
          closed.complete(null);
          return TransactionState.COMMIT;
        };
    self.set(builder().transactionChecker(checker).start());
    self.get().begin(MESSAGE);
    check();
    closed.join();
    // Waits for the close of the checker, which waits for the checker's answer.
    self.get().close();
    assertThat(cluster.messages("orders")).isEqualTo(1);
  }
}
