package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.ChildJvm;
import io.github.rocketffm.testing.ForgottenConsumerProgram;
import io.github.rocketffm.testing.LogRecords;
import io.github.rocketffm.testing.MockCluster;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Clients that nobody closed, and to which nothing refers any more. How a process ends with them: ExitTest. */
@Tag("mock")
class ForgottenClientsMockTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final String NEVER_CLOSED =
      " was never closed: it is closed now; use try-with-resources";
  private static final String OF_PRODUCER = "a producer of group forgotten" + NEVER_CLOSED;
  private static final String OF_CONSUMER = "a simple consumer of group forgotten" + NEVER_CLOSED;

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

  private ProducerBuilder producer() {
    return Producer.builder("forgotten").nameServers(cluster.nameServers()).sendTimeout(LONG);
  }

  private static Message message() {
    return Message.builder("orders").body("x").build();
  }

  private static void awaitWarning(LogRecords log, String text) {
    await()
        .until(
            () -> {
              System.gc();
              return log.messages().contains(text);
            });
  }

  private void awaitNoConnections() {
    await().until(() -> cluster.connections(MockCluster.BROKER) == 0);
    await().until(() -> cluster.connections(MockCluster.NAME_SERVER) == 0);
  }

  private void sendWithoutClose() {
    producer().start().send(message());
  }

  @Test
  void aProducerIsClosedAndToldOf() {
    try (LogRecords log = new LogRecords(Producer.class.getName(), Level.WARN)) {
      sendWithoutClose();
      awaitWarning(log, OF_PRODUCER);
      awaitNoConnections();
      assertThat(log.messages()).containsOnlyOnce(OF_PRODUCER);
    }
    assertThat(cluster.messages("orders")).isEqualTo(1);
  }

  private void sendAsyncWithoutClose() {
    Producer producer = producer().start();
    producer.warmUp("orders");
    cluster.freeze(MockCluster.BROKER, 0);
    producer.sendAsync(message());
  }

  @Test
  void aProducerIsNotClosedBeforeItsSendsHaveEnded() throws Exception {
    try (LogRecords log = new LogRecords(Producer.class.getName(), Level.WARN)) {
      sendAsyncWithoutClose();
      for (int i = 0; i < 5; i++) {
        System.gc();
        Thread.sleep(20);
      }
      assertThat(log.messages()).doesNotContain(OF_PRODUCER);
      cluster.thaw(MockCluster.BROKER, 0);
      awaitWarning(log, OF_PRODUCER);
      awaitNoConnections();
    }
    assertThat(cluster.messages("orders")).isEqualTo(1);
  }

  private void receiveWithoutClose() {
    SimpleConsumer consumer =
        SimpleConsumer.builder("forgotten")
            .nameServers(cluster.nameServers())
            .subscribe("orders", FilterExpression.all())
            .start();
    assertThat(consumer.receive(1, LONG)).hasSize(1);
  }

  @Test
  void aSimpleConsumerIsClosedAndToldOf() {
    cluster.put("orders", 0, "x");
    try (LogRecords log = new LogRecords(SimpleConsumer.class.getName(), Level.WARN)) {
      receiveWithoutClose();
      awaitWarning(log, OF_CONSUMER);
      awaitNoConnections();
      assertThat(log.messages()).containsOnlyOnce(OF_CONSUMER);
    }
  }

  /** Nobody can close it any more, so it has a process of its own. */
  @Test
  void aPushConsumerGoesOnAndDoesNotKeepTheProcess() throws Exception {
    try (ChildJvm child =
        ChildJvm.start(ForgottenConsumerProgram.class, List.of("-Xmx64m", "-XX:+UseSerialGC"))) {
      int code = child.await(LONG);
      assertThat(code).as(child.output()).isZero();
      assertThat(child.output()).contains("received m0 m1 m2 m3 m4").doesNotContain("never closed");
    }
  }

  private Producer closeAndForget() {
    Producer closed = producer().start();
    closed.close();
    return closed;
  }

  @Test
  void nothingIsToldOfAClosedOne() {
    try (LogRecords log = new LogRecords(Producer.class.getName(), Level.WARN)) {
      WeakReference<Producer> closed = new WeakReference<>(closeAndForget());
      await()
          .until(
              () -> {
                System.gc();
                return closed.refersTo(null);
              });
      // The cleaner works in order, so that this one comes last.
      sendWithoutClose();
      awaitWarning(log, OF_PRODUCER);
      awaitNoConnections();
      assertThat(log.messages()).containsOnlyOnce(OF_PRODUCER);
    }
  }
}
