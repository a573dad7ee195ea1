package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageListener;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests and replies by way of a real broker. */
@Tag("broker")
class RequestBrokerTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static RocketMqServer server;

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
  }

  private static Producer producer(String group, String instance) {
    return Producer.builder(group)
        .nameServers(server.nameServerAddress())
        .instanceName(instance)
        .sendTimeout(Duration.ofSeconds(20))
        .start();
  }

  private static PushConsumer consumer(String topic, MessageListener listener) {
    return PushConsumer.builder("services-of-" + topic)
        .nameServers(server.nameServerAddress())
        .instanceName("service")
        .consumeFrom(ConsumeFrom.firstOffset())
        .rebalanceInterval(Duration.ofSeconds(1))
        .routeRefreshInterval(Duration.ofSeconds(1))
        .subscribe(topic, FilterExpression.all())
        .listener(listener)
        .start();
  }

  @Test
  void requestsGetTheirReplies() {
    String large = "large ".repeat(10_000);
    try (Producer replier = producer("rpc-repliers", "service");
        Producer requester = producer("rpc-requesters", "caller");
        PushConsumer consumer =
            consumer(
                "rpc",
                request -> {
                  replier.send(
                      Message.replyTo(request)
                          .property("p", "grün")
                          .body(request.bodyAsString() + "!")
                          .build());
                  return ConsumeResult.SUCCESS;
                })) {
      ReceivedMessage first = requester.request(Message.builder("rpc").body("hé").build(), LONG);
      assertThat(first.bodyAsString()).isEqualTo("hé!");
      assertThat(first.property("p")).contains("grün");
      assertThat(first.topic()).isEqualTo("DefaultCluster_REPLY_TOPIC");
      assertThat(first.storeHost()).isEqualTo(server.brokerAddress());
      assertThat(requester.request(Message.builder("rpc").body(large).build(), LONG).bodyAsString())
          .isEqualTo(large + "!");
      List<CompletableFuture<ReceivedMessage>> all = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        all.add(requester.requestAsync(Message.builder("rpc").body("m" + i).build(), LONG));
      }
      for (int i = 0; i < 200; i++) {
        assertThat(all.get(i).join().bodyAsString()).isEqualTo("m" + i + "!");
      }
      assertThat(requester.statistics().waitingRequests()).isZero();
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }

  @Test
  void aReplyThatComesTooLateIsLostAndOneToNobodyRefused() throws Exception {
    CompletableFuture<ReceivedMessage> request = new CompletableFuture<>();
    try (Producer replier = producer("late-repliers", "service");
        PushConsumer consumer =
            consumer(
                "rpc-late",
                message -> {
                  request.complete(message);
                  return ConsumeResult.SUCCESS;
                })) {
      try (Producer requester = producer("late-requesters", "caller")) {
        assertThatThrownBy(
                () ->
                    requester.request(
                        Message.builder("rpc-late").body("?").build(), Duration.ofSeconds(2)))
            .isInstanceOf(DeadlineExceededException.class)
            .hasMessageContaining("was stored");
        Message late = Message.replyTo(request.get()).body("late").build();
        replier.send(late);
        assertThat(requester.statistics().waitingRequests()).isZero();
      }
      Message toNobody = Message.replyTo(request.get()).body("later").build();
      assertThatThrownBy(() -> replier.send(toNobody))
          .isInstanceOf(RequestRejectedException.class)
          .hasMessageContaining("not found");
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(1);
    }
  }

  /** A broker forgets how to reach a client with any of its producer groups that leaves. */
  @Test
  void aRequesterIsReachedStillWhenAnotherGroupOfItsClientLeaves() {
    try (Producer replier = producer("left-repliers", "service");
        Producer requester = producer("left-requesters", "caller");
        PushConsumer consumer =
            consumer(
                "rpc-left",
                request -> {
                  replier.send(Message.replyTo(request).body("here").build());
                  return ConsumeResult.SUCCESS;
                })) {
      Message question = Message.builder("rpc-left").body("?").build();
      try (Producer leaving = producer("left-others", "caller")) {
        leaving.send(question);
        assertThat(requester.request(question, LONG).bodyAsString()).isEqualTo("here");
      }
      assertThat(requester.request(question, Duration.ofSeconds(20)).bodyAsString())
          .isEqualTo("here");
      assertThat(consumer.statistics().messagesReceived()).isGreaterThanOrEqualTo(2);
    }
  }
}
