package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
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
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionListener;
import io.github.rocketffm.TransactionSendResult;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import io.github.rocketffm.testing.TransactionProgram;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Transactions on a real broker, which asks about open ones each second. */
@Tag("broker")
class TransactionBrokerTest {
  private static RocketMqServer server;
  private final ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
  }

  private ProducerBuilder producer(String group) {
    return Producer.builder(group)
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(20));
  }

  private PushConsumer consumer(String topic) {
    return PushConsumer.builder("readers-of-" + topic)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .rebalanceInterval(Duration.ofSeconds(1))
        .routeRefreshInterval(Duration.ofSeconds(1))
        .subscribe(topic, FilterExpression.all())
        .listener(
            message -> {
              received.add(message);
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  private List<String> bodies() {
    return received.stream().map(ReceivedMessage::bodyAsString).toList();
  }

  @Test
  void onlyWhatIsCommittedArrives() {
    Set<String> asked = ConcurrentHashMap.newKeySet();
    String large = "large ".repeat(10_000);
    try (Producer producer =
            producer("tx-plain")
                .transactionChecker(
                    message -> {
                      asked.add(message.messageId());
                      return TransactionState.UNKNOWN;
                    })
                .start();
        PushConsumer consumer = consumer("tx-plain")) {
      try (Transaction rolledBack =
          producer.begin(Message.builder("tx-plain").body("rolled back").build())) {
        rolledBack.rollback();
      }
      try (Transaction left = producer.begin(Message.builder("tx-plain").body("left").build())) {
        assertThat(left.messageId()).isNotEmpty();
      }
      Transaction committed =
          producer.begin(
              Message.builder("tx-plain")
                  .tag("täg")
                  .key("k")
                  .property("p", "grün")
                  .body(large)
                  .build());
      committed.commit();
      await().until(() -> received.size() == 1);
      ReceivedMessage message = received.element();
      assertThat(message.messageId()).isEqualTo(committed.messageId());
      assertThat(message.bodyAsString()).isEqualTo(large);
      assertThat(message.tag()).contains("täg");
      assertThat(message.keys()).containsExactly("k");
      assertThat(message.property("p")).contains("grün");
      assertThat(message.topic()).isEqualTo("tx-plain");
      // Behind it, what is not in a transaction; nothing else comes.
      producer.send(Message.builder("tx-plain").body("last").build());
      await().until(() -> bodies().contains("last"));
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(2);
    }
    // A transaction that was ended is not asked about.
    assertThat(asked).isEmpty();
  }

  @Test
  void whatNobodyEndedIsAskedAboutUntilItIsKnown() {
    ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
    String large = "large ".repeat(10_000);
    TransactionListener listener =
        new TransactionListener() {
          @Override
          public TransactionState execute(Message message, SendResult half, Object argument) {
            if (argument == null) {
              throw new IllegalStateException("the database is gone");
            }
            return (TransactionState) argument;
          }

          @Override
          public TransactionState check(ReceivedMessage message) {
            // Compressed by the producer, and by the broker left so.
            assertThat(message.bodyAsString()).startsWith("large ").hasSizeGreaterThan(50_000);
            asked.add(message.messageId());
            boolean again = asked.stream().filter(message.messageId()::equals).count() < 2;
            boolean kept = message.tag().orElseThrow().equals("kept");
            return again
                ? TransactionState.UNKNOWN
                : kept ? TransactionState.COMMIT : TransactionState.ROLLBACK;
          }
        };
    try (Producer producer = producer("tx-checked").transactionListener(listener).start();
        PushConsumer consumer = consumer("tx-checked")) {
      TransactionSendResult kept =
          producer.sendInTransaction(
              Message.builder("tx-checked").tag("kept").body(large + "1").build(),
              TransactionState.UNKNOWN);
      assertThat(kept.state()).isEqualTo(TransactionState.UNKNOWN);
      TransactionSendResult dropped =
          producer.sendInTransaction(
              Message.builder("tx-checked").tag("dropped").body(large + "2").build(), null);
      assertThat(dropped.failure()).containsInstanceOf(IllegalStateException.class);
      TransactionSendResult atOnce =
          producer.sendInTransaction(
              Message.builder("tx-checked").tag("kept").body(large + "3").build(),
              TransactionState.COMMIT);
      await().until(() -> received.size() == 2 && asked.size() >= 4);
      assertThat(received.stream().map(ReceivedMessage::messageId))
          .containsExactlyInAnyOrder(
              kept.sendResult().messageId(), atOnce.sendResult().messageId());
      assertThat(asked)
          .contains(dropped.sendResult().messageId())
          .doesNotContain(atOnce.sendResult().messageId());
      assertThat(consumer.statistics().messagesUndecodable()).isZero();
    }
  }

  @Test
  void anotherInstanceEndsTheTransactionOfOneThatWasKilled() throws Exception {
    String id =
        TransactionProgram.beginAndDie(
            server.nameServerAddress(), "tx-killed", "tx-killed", "inherited");
    Set<String> asked = ConcurrentHashMap.newKeySet();
    // It has never sent anything, and knows no topic.
    try (Producer heir =
            producer("tx-killed")
                .transactionChecker(
                    message -> {
                      asked.add(message.messageId());
                      return TransactionState.COMMIT;
                    })
                .start();
        PushConsumer consumer = consumer("tx-killed")) {
      await().until(() -> received.size() == 1);
      assertThat(received.element().messageId()).isEqualTo(id);
      assertThat(received.element().bodyAsString()).isEqualTo("inherited");
      assertThat(asked).containsExactly(id);
      assertThat(heir.statistics().sendsAccepted()).isZero();
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(1);
    }
  }
}
