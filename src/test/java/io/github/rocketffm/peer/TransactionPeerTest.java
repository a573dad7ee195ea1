package io.github.rocketffm.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.ApachePeer;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Transactions and requests beside Apache's Java client. */
@Tag("peer")
class TransactionPeerTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static RocketMqServer server;
  private static ApachePeer peer;
  private final ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
    peer = ApachePeer.start(Path.of("target/peer-test"), server.nameServerAddress());
  }

  @AfterAll
  static void stopPeer() {
    peer.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static ProducerBuilder producer(String group) {
    return Producer.builder(group)
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(20));
  }

  private PushConsumerBuilder consumer(String topic) {
    return PushConsumer.builder("ours-of-" + topic)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .rebalanceInterval(Duration.ofSeconds(1))
        .routeRefreshInterval(Duration.ofSeconds(1))
        .subscribe(topic, FilterExpression.all());
  }

  @Test
  void apachesConsumerSeesWhatWeCommit() throws Exception {
    String committed;
    try (Producer producer =
        producer("peer-tellers")
            .transactionChecker(
                message ->
                    message.bodyAsString().equals("by check")
                        ? TransactionState.COMMIT
                        : TransactionState.ROLLBACK)
            .start()) {
      MessageBuilder message = Message.builder("tx-to-apache");
      try (Transaction transaction = producer.begin(message.body("yes").build())) {
        committed = transaction.messageId();
        transaction.commit();
      }
      producer.begin(message.body("no").build()).close();
      // Not ended at all: the broker asks.
      String checked = producer.begin(message.body("by check").build()).messageId();
      producer.begin(message.body("not by check").build());
      peer.consume("apaches-of-tx", "tx-to-apache");
      await().until(() -> peer.seen().size() == 2);
      assertThat(peer.seen().stream().map(ApachePeer.Seen::messageId))
          .containsExactlyInAnyOrder(committed, checked);
      assertThat(peer.seen().stream().map(ApachePeer.Seen::bodyAsString))
          .containsExactlyInAnyOrder("yes", "by check");
    }
  }

  @Test
  void ourConsumerSeesWhatApachesProducerCommits() throws Exception {
    try (PushConsumer consumer =
        consumer("tx-from-apache")
            .listener(
                message -> {
                  received.add(message);
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      String topic = "tx-from-apache";
      String yes = peer.sendInTransaction(topic, bytes("yes"), "COMMIT_MESSAGE", "UNKNOW");
      peer.sendInTransaction(topic, bytes("no"), "ROLLBACK_MESSAGE", "UNKNOW");
      String checked = peer.sendInTransaction(topic, bytes("later"), "UNKNOW", "COMMIT_MESSAGE");
      await().until(() -> received.size() == 2);
      assertThat(received.stream().map(ReceivedMessage::messageId))
          .containsExactlyInAnyOrder(yes, checked);
      assertThat(received.stream().map(ReceivedMessage::bodyAsString).toList())
          .isEqualTo(List.of("yes", "later"));
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }

  @Test
  void weReplyToApachesRequests() throws Exception {
    try (Producer replier = producer("peer-repliers").start();
        PushConsumer consumer =
            consumer("rpc-from-apache")
                .listener(
                    request -> {
                      replier.send(
                          Message.replyTo(request).body(request.bodyAsString() + "!").build());
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      String large = "groß ".repeat(20_000);
      for (String text : List.of("first", large, "last")) {
        byte[] reply = peer.request("rpc-from-apache", bytes(text), 60_000);
        assertThat(reply).isEqualTo(bytes(text + "!"));
      }
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(3);
    }
  }

  @Test
  void apachesConsumerRepliesToOurRequests() throws Exception {
    peer.reply("apache-services", "rpc-to-apache", "!");
    try (Producer requester = producer("peer-requesters").start()) {
      String large = "groß ".repeat(20_000);
      for (String text : List.of("first", large, "last")) {
        Message question = Message.builder("rpc-to-apache").body(text).build();
        ReceivedMessage reply = requester.request(question, LONG);
        assertThat(reply.bodyAsString()).isEqualTo(text + "!");
      }
      assertThat(requester.statistics().waitingRequests()).isZero();
    }
  }
}
