package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.SimpleConsumerBuilder;
import io.github.rocketffm.TooManyRequestsException;
import io.github.rocketffm.testing.MockCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** To cancel a future leaves the operation as it is. */
@Tag("mock")
class CancellationMockTest {
  private static final int POP = 200050;
  private static final Duration LONG = Duration.ofSeconds(60);

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
    Awaitility.setDefaultTimeout(LONG);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder builder() {
    return Producer.builder("senders").nameServers(cluster.nameServers()).sendTimeout(LONG);
  }

  private SimpleConsumerBuilder receiver() {
    return SimpleConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .subscribe("orders", FilterExpression.all())
        .awaitDuration(LONG);
  }

  private static Message message(String body) {
    return Message.builder("orders").body(body).build();
  }

  /** From now on no send ends. */
  private void freeze(Producer producer) {
    producer.warmUp("orders");
    cluster.freeze(MockCluster.BROKER, 0);
  }

  @Test
  void aSendGoesOnAndItsMessageIsStoredOnce() {
    try (Producer producer = builder().maxInFlight(1).blockWhenFull(false).start()) {
      freeze(producer);
      CompletableFuture<SendResult> send = producer.sendAsync(message("a"));
      CompletableFuture<String> attached = send.thenApply(SendResult::messageId);
      assertThat(send.cancel(true)).isTrue();
      assertThat(attached).isCompletedExceptionally();
      assertThat(producer.statistics().inFlightCount()).isEqualTo(1);
      assertThatThrownBy(() -> producer.sendAsync(message("b")).join())
          .hasCauseInstanceOf(TooManyRequestsException.class);
      cluster.thaw(MockCluster.BROKER, 0);
      await().until(() -> producer.statistics().inFlightCount() == 0);
      assertThat(producer.statistics().sendsSucceeded()).isEqualTo(1);
      assertThat(send).isCancelled();
      // Its place is free again.
      producer.sendAsync(message("c")).join();
    }
    assertThat(cluster.messages("orders")).isEqualTo(2);
  }

  @Test
  void whatWaitsForRoomBehindACancelledSendGetsIt() {
    try (Producer producer = builder().maxInFlight(1).start()) {
      freeze(producer);
      assertThat(producer.sendAsync(message("a")).cancel(false)).isTrue();
      CompletableFuture<SendResult> second =
          CompletableFuture.supplyAsync(
              () -> producer.sendAsync(message("b")).join(), Thread::startVirtualThread);
      cluster.thaw(MockCluster.BROKER, 0);
      assertThat(second.join().messageId()).isNotEmpty();
    }
    assertThat(cluster.messages("orders")).isEqualTo(2);
  }

  @Test
  void theOthersOfAnAutomaticBatchDoNotFeelIt() {
    try (Producer producer = builder().autoBatch(Duration.ofMillis(200)).start()) {
      freeze(producer);
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        sends.add(producer.sendAsync(message("m" + i)));
      }
      assertThat(sends.get(1).cancel(true)).isTrue();
      cluster.thaw(MockCluster.BROKER, 0);
      assertThat(sends.get(0).join().messageId()).isNotEqualTo(sends.get(2).join().messageId());
    }
    assertThat(cluster.messages("orders")).isEqualTo(3);
  }

  @Test
  void aBatchIsStoredAsAWhole() {
    try (Producer producer = builder().start()) {
      freeze(producer);
      assertThat(producer.sendAsync(List.of(message("a"), message("b"))).cancel(true)).isTrue();
      cluster.thaw(MockCluster.BROKER, 0);
    }
    assertThat(cluster.messages("orders")).isEqualTo(2);
  }

  @Test
  void closeEndsThoughACancelledSendHasNoAnswer() {
    CompletableFuture<SendResult> send;
    try (Producer producer = builder().closeTimeout(Duration.ofMillis(50)).start()) {
      freeze(producer);
      send = producer.sendAsync(message("a"));
      assertThat(send.cancel(true)).isTrue();
    }
    assertThat(send).isCancelled();
    assertThat(cluster.requests(MockCluster.BROKER, MockCluster.SEND)).isLessThanOrEqualTo(1);
  }

  @Test
  void aRequestIsSentOnceAndItsReplyIsLetGo() {
    cluster.createTopic("mock_REPLY_TOPIC", 1);
    CountDownLatch cancelled = new CountDownLatch(1);
    AtomicInteger asked = new AtomicInteger();
    try (Producer replier = builder().instanceName("replier").start();
        Producer producer = builder().start();
        PushConsumer consumer =
            PushConsumer.builder("billing")
                .nameServers(cluster.nameServers())
                .instanceName("replier")
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("orders", FilterExpression.all())
                .listener(
                    request -> {
                      asked.incrementAndGet();
                      cancelled.await();
                      replier.send(Message.replyTo(request).body("late").build());
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      CompletableFuture<ReceivedMessage> request = producer.requestAsync(message("?"), LONG);
      await().until(() -> asked.get() == 1);
      assertThat(request.cancel(true)).isTrue();
      assertThat(producer.statistics().waitingRequests()).isEqualTo(1);
      cancelled.countDown();
      await().until(() -> producer.statistics().waitingRequests() == 0);
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
      assertThat(request).isCancelled();
      assertThat(producer.request(message("?"), LONG).bodyAsString()).isEqualTo("late");
    }
    assertThat(cluster.messages("orders")).isEqualTo(2);
  }

  @Test
  void closeEndsThoughACancelledRequestHasNoReply() {
    CompletableFuture<ReceivedMessage> request;
    try (Producer producer = builder().closeTimeout(Duration.ofMillis(50)).start()) {
      request = producer.requestAsync(message("?"), Duration.ofMinutes(5));
      await().until(() -> cluster.messages("orders") == 1);
      assertThat(request.cancel(true)).isTrue();
      assertThat(producer.statistics().waitingRequests()).isEqualTo(1);
    }
    assertThat(request).isCancelled();
    assertThat(cluster.messages("orders")).isEqualTo(1);
  }

  @Test
  void whatACancelledReceiveBringsComesAgain() {
    try (SimpleConsumer consumer = receiver().start()) {
      CompletableFuture<List<ReceivedMessage>> receive =
          consumer.receiveAsync(1, Duration.ofSeconds(1));
      await().until(() -> cluster.requests(MockCluster.BROKER, POP) == 1);
      assertThat(receive.cancel(true)).isTrue();
      assertThat(consumer.statistics().callsInFlight()).isEqualTo(1);
      cluster.put("orders", 0, "parcel");
      await().until(() -> consumer.statistics().callsInFlight() == 0);
      assertThat(receive).isCancelled();
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(1);
      ReceivedMessage again = consumer.receive(1, LONG).getFirst();
      assertThat(again.bodyAsString()).isEqualTo("parcel");
      assertThat(again.reconsumeTimes()).isEqualTo(1);
      consumer.ack(again);
    }
  }

  @Test
  void anAcknowledgementGoesOn() {
    cluster.put("orders", 0, "parcel");
    try (SimpleConsumer consumer = receiver().requestTimeout(LONG).start()) {
      ReceivedMessage message = consumer.receive(1, LONG).getFirst();
      cluster.freeze(MockCluster.BROKER, 0);
      assertThat(consumer.ackAsync(message).cancel(true)).isTrue();
      cluster.thaw(MockCluster.BROKER, 0);
      await().until(() -> consumer.statistics().messagesAcknowledged() == 1);
    }
  }

  @Test
  void closeEndsThoughACancelledReceiveWaits() {
    CompletableFuture<List<ReceivedMessage>> receive;
    try (SimpleConsumer consumer = receiver().start()) {
      receive = consumer.receiveAsync(1, LONG);
      await().until(() -> cluster.requests(MockCluster.BROKER, POP) == 1);
      assertThat(receive.cancel(true)).isTrue();
    }
    assertThat(receive).isCancelled();
  }
}
