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
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.TooManyRequestsException;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("mock")
class RequestMockTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int MESSAGE_ILLEGAL = 13;

  private MockCluster cluster;
  private Producer replier;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
    cluster.createTopic("mock_REPLY_TOPIC", 1);
    replier = builder("repliers").instanceName("replier").start();
    Awaitility.setDefaultTimeout(LONG);
  }

  @AfterEach
  void stopCluster() {
    replier.close();
    cluster.close();
  }

  private ProducerBuilder builder(String group) {
    return Producer.builder(group).nameServers(cluster.nameServers()).sendTimeout(LONG);
  }

  private Producer requester() {
    return builder("requesters").start();
  }

  private PushConsumer consumer(MessageListener listener) {
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .instanceName("replier")
        .consumeFrom(ConsumeFrom.firstOffset())
        .heartbeatInterval(Duration.ofMillis(200))
        .subscribe("orders", FilterExpression.all())
        .listener(listener)
        .start();
  }

  private ConsumeResult echo(ReceivedMessage request) {
    replier.send(Message.replyTo(request).body(request.bodyAsString() + "!").build());
    return ConsumeResult.SUCCESS;
  }

  private static Message message(String body) {
    return Message.builder("orders").body(body).build();
  }

  @Test
  void aRequestGetsItsReply() {
    AtomicReference<ReceivedMessage> seen = new AtomicReference<>();
    try (Producer producer = requester();
        PushConsumer consumer =
            consumer(
                request -> {
                  seen.set(request);
                  Message reply =
                      Message.replyTo(request)
                          .tag("t")
                          .key("k")
                          .property("p", "grün")
                          .body("ja")
                          .build();
                  assertThat(reply.topic()).isEqualTo("mock_REPLY_TOPIC");
                  assertThat(replier.send(reply).queue().topic()).isEqualTo("mock_REPLY_TOPIC");
                  return ConsumeResult.SUCCESS;
                })) {
      ReceivedMessage reply = producer.request(message("?"), LONG);
      assertThat(reply.bodyAsString()).isEqualTo("ja");
      assertThat(reply.tag()).contains("t");
      assertThat(reply.keys()).containsExactly("k");
      assertThat(reply.property("p")).contains("grün");
      assertThat(reply.messageId()).matches("[0-9A-F]{32}");
      assertThat(reply.offsetMessageId()).isEmpty();
      assertThat(reply.property("CORRELATION_ID")).isEqualTo(seen.get().property("CORRELATION_ID"));
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(1);
      assertThat(producer.statistics().waitingRequests()).isZero();
    }
  }

  @Test
  void manyRequestsOfAllKindsGetTheirOwn() throws Exception {
    try (Producer producer = requester();
        PushConsumer consumer = consumer(this::echo);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<ReceivedMessage>> futures = new ArrayList<>();
      List<Future<ReceivedMessage>> waiting = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        futures.add(producer.requestAsync(message("a" + i), LONG));
        Message mine = message("v" + i);
        waiting.add(virtual.submit(() -> producer.request(mine, LONG)));
      }
      for (int i = 0; i < 100; i++) {
        assertThat(futures.get(i).join().bodyAsString()).isEqualTo("a" + i + "!");
        assertThat(waiting.get(i).get().bodyAsString()).isEqualTo("v" + i + "!");
      }
      assertThat(consumer.statistics().messagesConsumed()).isPositive();
    }
  }

  /** The reply comes by way of the very thread on which such a stage runs. */
  @Test
  void aRequestInsideACompletionGetsItsReply() {
    try (Producer producer = requester();
        PushConsumer consumer = consumer(this::echo)) {
      String second =
          producer
              .requestAsync(message("1"), LONG)
              .thenApply(first -> producer.request(message(first.bodyAsString()), LONG))
              .join()
              .bodyAsString();
      assertThat(second).isEqualTo("1!!");
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(2);
    }
  }

  @Test
  void withoutAReplyTheTimeoutTellsThatItWasStored() {
    try (Producer producer = requester()) {
      assertThatThrownBy(() -> producer.request(message("?"), Duration.ofMillis(200)))
          .isInstanceOf(DeadlineExceededException.class)
          .hasMessageContaining("was stored")
          .hasMessageContaining("no reply came within 200 ms");
      assertThatThrownBy(() -> producer.requestAsync(message("?"), Duration.ofMillis(200)).join())
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(DeadlineExceededException.class);
    }
    assertThat(cluster.messages("orders")).isEqualTo(2);
  }

  @Test
  void aSendThatFailsEndsTheRequestAtOnce() {
    try (Producer producer = requester()) {
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, -1, MESSAGE_ILLEGAL, 0);
      assertThatThrownBy(() -> producer.request(message("?"), Duration.ofMinutes(5)))
          .isInstanceOf(RequestRejectedException.class);
      assertThat(producer.requestAsync(message("?"), Duration.ofMinutes(5)))
          .failsWithin(LONG)
          .withThrowableThat()
          .withCauseInstanceOf(RequestRejectedException.class);
    }
  }

  @Test
  void closeEndsRequestsThatWait() {
    CompletableFuture<ReceivedMessage> waiting;
    CompletableFuture<Void> thread;
    try (Producer producer =
        builder("requesters")
            .closeTimeout(Duration.ofMillis(50))
            .maxInFlight(1)
            .blockWhenFull(false)
            .start()) {
      waiting = producer.requestAsync(message("?"), Duration.ofMinutes(5));
      assertThat(producer.requestAsync(message("?"), Duration.ofMinutes(5)))
          .failsWithin(LONG)
          .withThrowableThat()
          .withCauseInstanceOf(TooManyRequestsException.class);
      thread =
          CompletableFuture.runAsync(
              () ->
                  assertThatThrownBy(() -> producer.request(message("?"), Duration.ofMinutes(5)))
                      .isInstanceOf(ClientClosedException.class));
      await().until(() -> producer.statistics().waitingRequests() == 2);
    }
    assertThat(waiting).isCompletedExceptionally();
    assertThatThrownBy(waiting::join).hasCauseInstanceOf(ClientClosedException.class);
    thread.join();
  }

  @Test
  void aLoopOfAsynchronousRequestsWaitsForItsTurn() {
    try (Producer producer = builder("requesters").maxInFlight(2).start();
        PushConsumer consumer = consumer(this::echo)) {
      List<CompletableFuture<ReceivedMessage>> requests = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        requests.add(producer.requestAsync(message("r" + i), LONG));
        assertThat(producer.statistics().waitingRequests()).isLessThanOrEqualTo(2);
      }
      for (int i = 0; i < 100; i++) {
        assertThat(requests.get(i).join().bodyAsString()).isEqualTo("r" + i + "!");
      }
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(100);
    }
  }

  /** Nobody replies: those that wait for their turn hold up no send. */
  @Test
  void aRequestThatGetsNoTurnIsToldSoWhenItsTimeIsOver() {
    try (Producer producer =
        builder("requesters").closeTimeout(Duration.ZERO).maxInFlight(1).start()) {
      producer.requestAsync(message("?"), Duration.ofMinutes(5));
      CompletableFuture<Throwable> second = new CompletableFuture<>();
      Thread.startVirtualThread(
          () ->
              second.complete(
                  producer.requestAsync(message("?"), Duration.ofSeconds(2)).exceptionNow()));
      for (int i = 0; i < 10; i++) {
        producer.sendAsync(message("a send")).join();
      }
      assertThat(second).isNotDone();
      assertThat(second.join())
          .isInstanceOf(TooManyRequestsException.class)
          .hasMessageContainingAll(
              "no room for another request came within 2000 ms", "wait for replies");
    }
  }

  @Test
  void onlyARequestCanBeRepliedTo() {
    cluster.put("orders", 0, "no request");
    CompletableFuture<Throwable> refused = new CompletableFuture<>();
    try (PushConsumer consumer =
        consumer(
            message -> {
              try {
                Message.replyTo(message);
                refused.complete(null);
              } catch (RuntimeException e) {
                refused.complete(e);
              }
              return ConsumeResult.SUCCESS;
            })) {
      assertThat(refused.join())
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("lacks the property CLUSTER");
      await().until(() -> consumer.statistics().messagesConsumed() == 1);
    }
    try (Producer producer = requester()) {
      Message delayed = Message.builder("orders").body("x").delayLevel(1).build();
      assertThatThrownBy(() -> producer.request(delayed, LONG))
          .isInstanceOf(InvalidArgumentException.class);
      assertThatThrownBy(() -> producer.request(message("x"), Duration.ZERO))
          .isInstanceOf(InvalidArgumentException.class);
    }
  }
}
