package io.github.rocketffm.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.SimpleConsumerBuilder;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.SharedServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Filters by conditions on properties, which a real broker evaluates. */
@Tag("broker")
class SqlFilterTest {
  private static RocketMqServer server;
  private final ConcurrentLinkedQueue<ReceivedMessage> received = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void startServer() throws Exception {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(90));
    server = SharedServer.get();
  }

  private static Producer producer() {
    return Producer.builder("producers")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(10))
        .start();
  }

  private PushConsumerBuilder consumer(String group, String topic, FilterExpression filter) {
    return PushConsumer.builder(group)
        .nameServers(server.nameServerAddress())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe(topic, filter)
        .listener(
            message -> {
              received.add(message);
              return message.reconsumeTimes() == 0
                      && message.tag().filter("retry"::equals).isPresent()
                  ? ConsumeResult.retryAfterLevel(1)
                  : ConsumeResult.SUCCESS;
            });
  }

  private static void send(Producer producer, String topic, int price, String region) {
    producer.send(
        Message.builder(topic)
            .property("price", "" + price)
            .property("region", region)
            .body(price + region)
            .build());
  }

  private List<String> bodies() {
    return received.stream().map(ReceivedMessage::bodyAsString).toList();
  }

  @Test
  void theBrokerEvaluatesTheCondition() {
    FilterExpression filter =
        FilterExpression.sql(
            "(price BETWEEN 10 AND 20 OR region IN ('antarctica')) AND vip IS NULL");
    try (Producer producer = producer();
        PushConsumer consumer = consumer("sql-group", "sql", filter).start()) {
      send(producer, "sql", 5, "eu");
      send(producer, "sql", 15, "eu");
      send(producer, "sql", 25, "antarctica");
      producer.send(
          Message.builder("sql")
              .property("price", "15")
              .property("vip", "yes")
              .body("vip")
              .build());
      send(producer, "sql", 12, "us");
      await().until(() -> received.size() == 3);
      assertThat(bodies()).containsExactlyInAnyOrder("15eu", "25antarctica", "12us");
      // Nothing that the broker left out was pulled.
      assertThat(consumer.statistics().messagesReceived()).isEqualTo(3);
      assertThat(consumer.statistics().messagesFiltered()).isZero();
    }
  }

  @Test
  void whatFailsComesAgainWhateverTheConditionIs() {
    try (Producer producer = producer();
        PushConsumer consumer =
            consumer("sql-retry-group", "sql-retry", FilterExpression.sql("price > 10")).start()) {
      producer.send(
          Message.builder("sql-retry").tag("retry").property("price", "11").body("x").build());
      await().until(() -> received.size() == 2);
      assertThat(received.stream().map(ReceivedMessage::reconsumeTimes)).containsExactly(0, 1);
      assertThat(consumer.statistics().messagesSentBack()).isEqualTo(1);
    }
  }

  @Test
  void theConditionChangesWhileTheConsumerRuns() {
    try (Producer producer = producer();
        PushConsumer consumer =
            consumer("sql-change-group", "sql-change", FilterExpression.sql("region = 'eu'"))
                .start()) {
      send(producer, "sql-change", 1, "eu");
      await().until(() -> bodies().contains("1eu"));
      consumer.subscribe("sql-change", FilterExpression.sql("region = 'us'"));
      // Pulls that brokers hold still have the earlier condition, for 15 s at most.
      await()
          .until(
              () -> {
                send(producer, "sql-change", 2, "us");
                return bodies().contains("2us");
              });
      assertThatThrownBy(
              () -> consumer.subscribe("sql-change", FilterExpression.sql("region = = 'x'")))
          .isInstanceOf(RequestRejectedException.class);
      received.clear();
      send(producer, "sql-change", 3, "us");
      await().until(() -> bodies().contains("3us"));
    }
  }

  @Test
  void aBadConditionFailsTheStartInTheBrokersWords() {
    try (Producer producer = producer()) {
      send(producer, "sql-bad", 1, "eu");
    }
    PushConsumerBuilder push =
        consumer("sql-bad-group", "sql-bad", FilterExpression.sql("price > > 10"));
    SimpleConsumerBuilder simple =
        SimpleConsumer.builder("sql-bad-simple")
            .nameServers(server.nameServerAddress())
            .subscribe("sql-bad", FilterExpression.sql("price > > 10"));
    for (ThrowingCallable start : List.<ThrowingCallable>of(push::start, simple::start)) {
      assertThatThrownBy(start)
          .isInstanceOfSatisfying(
              RequestRejectedException.class,
              e -> {
                assertThat(e.responseCode()).hasValue(23);
                assertThat(e.remark().orElseThrow()).contains("line 1, column 9");
                assertThat(e.topic()).contains("sql-bad");
                assertThat(e.address()).contains(server.brokerAddress());
                assertThat(e.getMessage()).contains("price > > 10");
              });
    }
  }

  @Test
  void aBrokerThatDoesNotFilterByPropertiesSaysSo() throws Exception {
    try (RocketMqServer own = RocketMqServer.start(Path.of("target/broker-test"));
        Producer producer =
            Producer.builder("producers").nameServers(own.nameServerAddress()).start()) {
      send(producer, "sql-off", 1, "eu");
      assertThat(
              own.admin(
                  "updateBrokerConfig",
                  "-b",
                  own.brokerAddress(),
                  "-k",
                  "enablePropertyFilter",
                  "-v",
                  "false"))
          .contains("success");
      assertThatThrownBy(
              () ->
                  PushConsumer.builder("sql-off-group")
                      .nameServers(own.nameServerAddress())
                      .subscribe("sql-off", FilterExpression.sql("price > 10"))
                      .listener(message -> ConsumeResult.SUCCESS)
                      .start())
          .isInstanceOfSatisfying(
              RequestRejectedException.class,
              e ->
                  assertThat(e.remark())
                      .contains("The broker does not support consumer to filter message by SQL92"));
    }
  }
}
