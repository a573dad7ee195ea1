package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.LogRecords;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is wrong is told clearly, and in Java's own ways. */
@Tag("mock")
class BadInputMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder producer() {
    return Producer.builder("group").nameServers(cluster.nameServers());
  }

  @Test
  void nullsNameTheirArgument() {
    try (Producer producer = producer().start()) {
      assertThatThrownBy(() -> producer.send((Message) null))
          .isInstanceOf(NullPointerException.class)
          .hasMessage("message");
      assertThatThrownBy(() -> producer.sendAsync((Message) null)).hasMessage("message");
      assertThatThrownBy(() -> producer.sendOneWay(null)).hasMessage("message");
      assertThatThrownBy(() -> producer.warmUp(null)).hasMessage("topic");
      assertThatThrownBy(() -> producer.close(null)).hasMessage("timeout");
    }
    assertThatThrownBy(() -> Producer.builder(null)).hasMessage("group");
    assertThatThrownBy(() -> producer().nameServers((String) null))
        .hasMessage("an address of nameServers");
    assertThatThrownBy(() -> PushConsumer.builder(null)).hasMessage("group");
    assertThatThrownBy(() -> PushConsumer.builder("g").subscribe("t", null)).hasMessage("filter");
    assertThatThrownBy(() -> PushConsumer.builder("g").listener(null)).hasMessage("listener");
    assertThatThrownBy(() -> Message.builder("t").property("a", null)).hasMessage("value");
  }

  @Test
  void textsThatCannotBeSentAreRefusedInPlaceOfChanged() {
    MessageBuilder half = Message.builder("orders").body("x").tag("\ud83d");
    try (Producer producer = producer().start()) {
      assertThatThrownBy(() -> producer.send(half.build()))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("tag")
          .hasMessageContaining("surrogate");
    }
    assertThatThrownBy(() -> Message.builder("orders").key("order 42"))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("order 42");
    assertThatThrownBy(() -> FilterExpression.tags()).isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> FilterExpression.tags("a", null)).hasMessage("tag");
    assertThatThrownBy(() -> FilterExpression.tags("a|b"))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> FilterExpression.tags("a ||"))
        .isInstanceOf(InvalidArgumentException.class);
    assertThat(FilterExpression.tags("a || b", "c||d"))
        .isEqualTo(FilterExpression.tags("a", "b", "c", "d"));
    assertThatThrownBy(() -> producer().sendTimeout(ChronoUnit.FOREVER.getDuration()))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> producer().closeTimeout(ChronoUnit.FOREVER.getDuration()))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> Message.builder("t").deliverAt(Instant.MAX))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> new ConsumeResult(-2, 0)).isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> new ConsumeResult(0, -2)).isInstanceOf(InvalidArgumentException.class);
  }

  @Test
  void anExceptionKeepsItsDetailsWhenItIsSerialized() throws Exception {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, -1, 13, 0);
    RequestRejectedException thrown;
    try (Producer producer = producer().start()) {
      thrown =
          catchThrowableOfType(
              RequestRejectedException.class,
              () -> producer.send(Message.builder("orders").body("x").build()));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ObjectOutputStream(bytes).writeObject(thrown);
    RocketMqException read =
        (RocketMqException)
            new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
    assertThat(read.kind()).isEqualTo(thrown.kind());
    assertThat(read.responseCode()).hasValue(13);
    assertThat(read.remark()).contains("remark");
    assertThat(read.elapsed()).isEqualTo(thrown.elapsed());
  }

  /** Records come under the names of their layers, whose levels count one by one. */
  @Test
  void nativeRecordsReachSlf4j() {
    String name = "io.github.rocketffm.native.net";
    try (LogRecords records = new LogRecords(name, Level.DEBUG);
        Producer producer = producer().start()) {
      producer.send(Message.builder("orders").body("x").build());
      await().until(() -> records.all().stream().anyMatch(each -> each.getLevel() == Level.DEBUG));
      assertThat(records.all()).allMatch(each -> each.getLoggerName().equals(name));
    }
  }

  @Test
  void aLevelThatIsChangedAtRunTimeTakesEffect() {
    String name = "io.github.rocketffm.native.net";
    try (Producer producer = producer().start();
        LogRecords records = new LogRecords(name, Level.DEBUG)) {
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                cluster.stop(MockCluster.BROKER, 0);
                cluster.start(MockCluster.BROKER, 0);
                try {
                  producer.warmUp("orders");
                } catch (RocketMqException e) {
                  // The broker is avoided for a moment.
                }
                return records.all().stream().anyMatch(each -> each.getLevel() == Level.DEBUG);
              });
    }
  }

  @Test
  void nativeRecordsNameSettingsAsTheBuildersDo() {
    CountDownLatch release = new CountDownLatch(1);
    try (LogRecords records = new LogRecords("io.github.rocketffm.native.producer", Level.WARN);
        Producer producer =
            producer()
                .maxPendingChecks(1)
                .transactionChecker(
                    message -> {
                      release.await();
                      return TransactionState.ROLLBACK;
                    })
                .start()) {
      producer.begin(Message.builder("orders").body("x").build());
      producer.begin(Message.builder("orders").body("y").build());
      cluster.checkTransactions();
      await().until(() -> !records.messages().isEmpty());
      assertThat(records.messages().getFirst()).contains("(maxPendingChecks)");
      release.countDown();
    }
  }

  @Test
  void aRemarkComesAsItWasSent() {
    String remark = "queue_id must fit \"send_timeout_ms\", or max_message_bytes";
    cluster.refuse(MockCluster.BROKER, MockCluster.SEND, -1, 13, remark);
    try (Producer producer = producer().start()) {
      for (int i = 0; i < 2; i++) {
        boolean synchronous = i == 0;
        RocketMqException refused =
            catchThrowableOfType(
                RocketMqException.class,
                () -> {
                  Message message = Message.builder("orders").body("x").build();
                  if (synchronous) {
                    producer.send(message);
                  } else {
                    throw (RocketMqException)
                        catchThrowable(() -> producer.sendAsync(message).join()).getCause();
                  }
                });
        assertThat(refused.remark()).contains(remark);
        assertThat(refused).hasMessageContaining("code 13: " + remark);
      }
    }
  }

  @Test
  void aRemarkInALogRecordComesAsItWasSent() {
    String remark = "queue_id must fit max_message_bytes";
    cluster.refuse(MockCluster.BROKER, MockCluster.HEARTBEAT, -1, 1, remark);
    try (LogRecords records = new LogRecords("io.github.rocketffm.native.client", Level.WARN);
        Producer producer =
            producer().transactionChecker(message -> TransactionState.UNKNOWN).start()) {
      producer.warmUp("orders");
      await().until(() -> records.messages().stream().anyMatch(each -> each.contains(remark)));
    }
  }

  @Test
  void aForgottenProducerIsClosedWithAWarning() {
    try (LogRecords records = new LogRecords(Producer.class.getName(), null)) {
      forget();
      await()
          .until(
              () -> {
                System.gc();
                return cluster.connections(MockCluster.BROKER) == 0;
              });
      assertThat(records.messages()).anyMatch(warning -> warning.contains("forgetful"));
    }
  }

  private void forget() {
    Producer producer = Producer.builder("forgetful").nameServers(cluster.nameServers()).start();
    producer.send(Message.builder("orders").body("x").build());
    assertThat(cluster.connections(MockCluster.BROKER)).isEqualTo(1);
  }

  @Test
  void aConsumerMayBeClosedByManyAtOnce() throws Exception {
    PushConsumer consumer =
        PushConsumer.builder("closers")
            .nameServers(cluster.nameServers())
            .subscribe("orders", FilterExpression.all())
            .listener(message -> ConsumeResult.SUCCESS)
            .start();
    List<Thread> closers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      closers.add(
          (i % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform())
              .start(() -> consumer.close(Duration.ofSeconds(1))));
    }
    for (Thread closer : closers) {
      closer.join();
    }
    consumer.close();
    assertThatThrownBy(consumer::statistics)
        .isInstanceOf(io.github.rocketffm.ClientClosedException.class);
  }
}
