package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ClientClosedException;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.InvalidStateException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Calls without waiting that are no sends, flush, priorities and client ids. */
@Tag("mock")
class AsyncCallsMockTest {
  private static final int RECALL = 370;
  private static final String RECALLED_ID = "0A0B0C0D0E0F00000000000000000001";

  /** Of the topic orders and the broker broker-0. */
  private static final String HANDLE = "djEgb3JkZXJzIGJyb2tlci0wIDE3MDAwMDAwMDAwMDAgQUJD";

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 2);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder builder() {
    return Producer.builder("callers")
        .nameServers(cluster.nameServers())
        .sendTimeout(Duration.ofSeconds(20))
        .transactionChecker(check -> TransactionState.UNKNOWN);
  }

  private static Message message(String body) {
    return Message.builder("orders").body(body).build();
  }

  @Test
  void eachGivesWhatItsSynchronousFormGives() {
    List<MessageQueue> queues =
        List.of(
            new MessageQueue("orders", "broker-0", 0), new MessageQueue("orders", "broker-0", 1));
    try (Producer producer = builder().start()) {
      producer.warmUpAsync("orders").join();
      assertThat(producer.queuesAsync("orders").join()).isEqualTo(queues);
      assertThat(producer.queues("orders")).isEqualTo(queues);
      assertThat(producer.recallAsync("orders", HANDLE).join()).isEqualTo(RECALLED_ID);
      assertThat(producer.recall("orders", HANDLE)).isEqualTo(RECALLED_ID);
    }
  }

  @Test
  void whatIsRefusedEndsTheFuture() {
    Producer producer = builder().start();
    assertThatThrownBy(producer.recallAsync("payments", HANDLE)::join)
        .hasCauseInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(producer.queuesAsync("or ders")::join)
        .hasCauseInstanceOf(InvalidArgumentException.class);
    producer.close();
    assertThatThrownBy(producer.warmUpAsync("orders")::join)
        .hasCauseInstanceOf(ClientClosedException.class);
    assertThatThrownBy(() -> producer.queuesAsync(null)).isInstanceOf(NullPointerException.class);
  }

  @Test
  void aCloseEndsTheFutures() {
    cluster.inject(MockCluster.BROKER, RECALL, Fault.IGNORE, -1, 0, 0);
    Producer producer = builder().start();
    CompletableFuture<String> recall = producer.recallAsync("orders", HANDLE);
    await().until(() -> cluster.requests(MockCluster.BROKER, RECALL) == 1);
    producer.close(Duration.ZERO);
    assertThat(recall).isCompletedExceptionally();
    assertThatThrownBy(recall::join).hasCauseInstanceOf(ClientClosedException.class);
  }

  @Test
  void aThreadOfTheLibraryMayAskForQueuesThatAreNotKnown() {
    cluster.createTopic("returns", 1);
    cluster.freeze(MockCluster.BROKER, 0);
    try (Producer producer = builder().start()) {
      CompletableFuture<List<MessageQueue>> queues =
          producer
              .sendAsync(message("x"))
              .thenApply(
                  sent -> {
                    assertThat(Thread.currentThread().getName()).startsWith("rocketmq-events-");
                    return producer.queues("returns");
                  });
      cluster.thaw(MockCluster.BROKER, 0);
      assertThat(queues.join()).containsExactly(new MessageQueue("returns", "broker-0", 0));
    }
  }

  @Test
  void anExecutorThatRunsNothingHoldsUpNoCallThatWaits() throws Exception {
    LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    try (Producer producer = builder().completionExecutor(tasks::add).start()) {
      assertThat(producer.recall("orders", HANDLE)).isEqualTo(RECALLED_ID);
      AtomicReference<String> onVirtual = new AtomicReference<>();
      Thread.ofVirtual().start(() -> onVirtual.set(producer.recall("orders", HANDLE))).join();
      assertThat(onVirtual).hasValue(RECALLED_ID);
      CompletableFuture<String> recall = producer.recallAsync("orders", HANDLE);
      tasks.poll(20, TimeUnit.SECONDS).run();
      assertThat(recall).isCompletedWithValue(RECALLED_ID);
    }
  }

  @Test
  void aTransactionIsBegunAndEndedWithoutWaiting() {
    try (Producer producer = builder().start()) {
      Transaction transaction = producer.beginAsync(message("x")).join();
      assertThat(cluster.openTransactions()).isEqualTo(1);
      transaction.commitAsync().join();
      await().until(() -> cluster.messages("orders") == 1);
      // Again it does nothing, in either form; the other decision is refused.
      transaction.commit();
      transaction.commitAsync().join();
      assertThatThrownBy(transaction.rollbackAsync()::join)
          .hasCauseInstanceOf(InvalidStateException.class);
      Transaction other = producer.beginAsync(message("y"), Duration.ofSeconds(20)).join();
      CompletableFuture<Void> rollback = other.rollbackAsync();
      // What a user does to a future changes nothing of the end.
      rollback.cancel(false);
      await().until(() -> cluster.openTransactions() == 0);
      await().ignoreExceptions().untilAsserted(other::rollback);
      other.close();
      assertThat(cluster.messages("orders")).isEqualTo(1);
      assertThat(cluster.requests(MockCluster.BROKER, MockCluster.END_TRANSACTION)).isEqualTo(2);
    }
  }

  @Test
  void anEndThatFailsIsToldAsThatOfEveryOtherCall() {
    Producer producer = builder().start();
    Transaction transaction = producer.begin(message("x"));
    producer.close(Duration.ZERO);
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    transaction.commitAsync().whenComplete((end, e) -> failure.complete(e));
    assertThat(failure).isCompletedWithValueMatching(e -> e instanceof ClientClosedException);
  }

  @Test
  void whatWasBegunMayBeEndedWhileACloseWaits() throws Exception {
    Producer producer = builder().closeTimeout(Duration.ofSeconds(20)).start();
    Transaction transaction = producer.begin(message("x"));
    cluster.freeze(MockCluster.BROKER, 0);
    CompletableFuture<SendResult> slow = producer.sendAsync(message("slow"));
    Thread closing = Thread.ofPlatform().start(producer::close);
    await().until(producer::isClosed);
    transaction.commit();
    assertThat(slow).isNotDone();
    cluster.thaw(MockCluster.BROKER, 0);
    closing.join();
    await().until(() -> cluster.messages("orders") == 2);
  }

  @Test
  void anExecutorThatRefusesHoldsUpNoCallThatWaits() {
    AtomicBoolean refuses = new AtomicBoolean(true);
    Executor executor =
        task -> {
          if (refuses.get()) {
            throw new RejectedExecutionException("on purpose");
          }
          task.run();
        };
    try (Producer producer = builder().completionExecutor(executor).start()) {
      CompletableFuture<SendResult> send = producer.sendAsync(message("x"));
      await().until(() -> cluster.messages("orders") == 1);
      assertThat(producer.recall("orders", HANDLE)).isEqualTo(RECALLED_ID);
      assertThat(producer.queues("orders")).hasSize(2);
      assertThat(send).isNotDone();
      refuses.set(false);
      assertThat(send).succeedsWithin(Duration.ofSeconds(20));
    }
  }

  @Test
  void aTransactionWhoseFutureWasCancelledIsRolledBack() {
    cluster.freeze(MockCluster.BROKER, 0);
    try (Producer producer = builder().start()) {
      CompletableFuture<Transaction> begin = producer.beginAsync(message("x"));
      begin.cancel(false);
      cluster.thaw(MockCluster.BROKER, 0);
      await().until(() -> cluster.requests(MockCluster.BROKER, MockCluster.END_TRANSACTION) == 1);
      await().until(() -> cluster.openTransactions() == 0);
      assertThat(cluster.messages("orders")).isZero();
    }
  }

  @Test
  void withoutACheckerNoTransactionBegins() {
    try (Producer producer = Producer.builder("plain").nameServers(cluster.nameServers()).start()) {
      assertThatThrownBy(producer.beginAsync(message("x"))::join)
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(InvalidStateException.class);
    }
  }

  @Test
  void aFlushSendsWhatWaitsAndWaitsForIt() {
    try (Producer producer = builder().autoBatch(Duration.ofSeconds(60)).start()) {
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        sends.add(producer.sendAsync(message("m" + i)));
      }
      assertThat(sends).noneMatch(CompletableFuture::isDone);
      producer.flush();
      assertThat(sends).allMatch(CompletableFuture::isDone);
      assertThat(cluster.messages("orders")).isEqualTo(5);
    }
  }

  @Test
  void aFlushEndsInItsTimeAndNeverOnAThreadOfTheLibrary() {
    try (Producer producer = builder().closeTimeout(Duration.ZERO).start()) {
      producer.send(message("known"));
      // Attached before it ends, so that it runs on the thread that ends it.
      cluster.freeze(MockCluster.BROKER, 0);
      CompletableFuture<Void> flushed =
          producer.sendAsync(message("x")).thenAccept(sent -> producer.flush());
      cluster.thaw(MockCluster.BROKER, 0);
      assertThatThrownBy(flushed::join).hasCauseInstanceOf(InvalidStateException.class);
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, -1, 0, 0);
      producer.sendAsync(message("never answered"));
      assertThatThrownBy(() -> producer.flush(Duration.ofMillis(50)))
          .isInstanceOf(DeadlineExceededException.class);
      assertThatThrownBy(() -> producer.flush(Duration.ZERO))
          .isInstanceOf(InvalidArgumentException.class);
    }
  }

  @Test
  void aPriorityAndATimeArriveWithTheMessage() throws Exception {
    LinkedBlockingQueue<ReceivedMessage> received = new LinkedBlockingQueue<>();
    try (Producer producer = builder().start();
        PushConsumer consumer =
            PushConsumer.builder("urgent")
                .nameServers(cluster.nameServers())
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("orders", FilterExpression.all())
                .listener(
                    message -> {
                      received.add(message);
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      Message urgent = Message.builder("orders").body("x").priority(7).build();
      assertThat(urgent.priority()).hasValue(7);
      assertThat(urgent.toBuilder().build()).isEqualTo(urgent).isNotEqualTo(message("x"));
      assertThat(urgent.toString()).contains("priority=7");
      producer.send(urgent);
      ReceivedMessage first = received.poll(20, TimeUnit.SECONDS);
      assertThat(first.priority()).hasValue(7);
      assertThat(first.deliverAt()).isEmpty();
      Instant at = Instant.ofEpochMilli(System.currentTimeMillis());
      producer.send(Message.builder("orders").body("y").deliverAt(at).build());
      ReceivedMessage second = received.poll(20, TimeUnit.SECONDS);
      assertThat(second.deliverAt()).hasValue(at);
      assertThat(second.priority()).isEqualTo(OptionalInt.empty());
      assertThat(consumer.group()).isEqualTo("urgent");
    }
  }

  @Test
  void whatAPriorityDoesNotGoWithIsRefused() {
    assertThatThrownBy(() -> Message.builder("orders").priority(-1))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("priority is -1");
    try (Producer producer = builder().start()) {
      Message urgent = Message.builder("orders").body("x").priority(1).build();
      assertThatThrownBy(() -> producer.send(List.of(urgent)))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("priority");
      assertThatThrownBy(() -> producer.begin(urgent))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("priority");
      assertThatThrownBy(() -> producer.send(urgent.toBuilder().shardingKey("k").build()))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("priority");
    }
  }

  @Test
  void thoseThatShareAClientHaveOneId() {
    try (Producer producer = builder().instanceName("one").start();
        PushConsumer push =
            PushConsumer.builder("p")
                .nameServers(cluster.nameServers())
                .instanceName("one")
                .subscribe("orders", FilterExpression.all())
                .listener(message -> ConsumeResult.SUCCESS)
                .start();
        SimpleConsumer simple =
            SimpleConsumer.builder("s")
                .nameServers(cluster.nameServers())
                .instanceName("two")
                .subscribe("orders", FilterExpression.all())
                .start()) {
      assertThat(producer.clientId()).endsWith("#one").isEqualTo(push.clientId());
      assertThat(simple.clientId()).endsWith("#two");
      simple.close();
      assertThat(simple.clientId()).endsWith("#two");
    }
  }
}
