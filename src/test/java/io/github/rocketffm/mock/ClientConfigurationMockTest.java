package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ClientConfiguration;
import io.github.rocketffm.ClientConfigurationBuilder;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One configuration for several producers and consumers. */
@Tag("mock")
class ClientConfigurationMockTest {
  private static final Message MESSAGE = Message.builder("orders").body("x").build();

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic("orders", 1);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ClientConfigurationBuilder configuration() {
    return ClientConfiguration.builder().nameServers(cluster.nameServers());
  }

  /** Each native client has a connection of its own to the name server. */
  private int clients() {
    return cluster.connections(MockCluster.NAME_SERVER);
  }

  private static Producer warm(Producer producer) {
    producer.warmUp("orders");
    return producer;
  }

  @Test
  void allWhoHaveItShareOneNativeClient() {
    ClientConfiguration shared =
        configuration()
            .requestTimeout(Duration.ofSeconds(4))
            .heartbeatInterval(Duration.ofSeconds(1))
            .build();
    try (Producer first = warm(Producer.builder("a").client(shared).start());
        Producer second = warm(Producer.builder("b").client(shared).start());
        PushConsumer push =
            PushConsumer.builder("c")
                .client(shared)
                .subscribe("orders", FilterExpression.all())
                .listener(message -> ConsumeResult.SUCCESS)
                .start();
        SimpleConsumer simple =
            SimpleConsumer.builder("d")
                .client(shared)
                .subscribe("orders", FilterExpression.all())
                .start()) {
      // That of its retry topic comes later.
      await().until(() -> push.statistics().assignedQueues() >= 1);
      assertThat(simple.subscriptions()).containsOnlyKeys("orders");
      assertThat(clients()).isEqualTo(1);
      // What is not of the native client keeps it shared; what is makes another one.
      try (Producer third =
          warm(Producer.builder("e").client(shared).closeTimeout(Duration.ZERO).start())) {
        assertThat(clients()).isEqualTo(1);
        try (Producer other =
            warm(
                Producer.builder("f")
                    .client(shared)
                    .connectTimeout(Duration.ofSeconds(9))
                    .start())) {
          assertThat(clients()).isEqualTo(2);
        }
      }
    }
  }

  @Test
  void itReplacesWhatWasSetBeforeAndIsOverriddenAfterwards() {
    ClientConfiguration shared = configuration().closeTimeout(Duration.ofMinutes(1)).build();
    try (Producer producer =
        Producer.builder("a").nameServers("127.0.0.1:1").client(shared).start()) {
      producer.send(MESSAGE);
    }
    try (Producer producer =
        Producer.builder("a")
            .client(shared)
            .nameServers("127.0.0.1:1")
            .sendTimeout(Duration.ofMillis(50))
            .start()) {
      assertThatThrownBy(() -> producer.send(MESSAGE)).hasMessageContaining("127.0.0.1:1");
    }
    // A builder's own settings stay.
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, -1, 0, 0);
    try (Producer producer =
        Producer.builder("a").sendTimeout(Duration.ofMillis(50)).client(shared).start()) {
      assertThatThrownBy(() -> producer.send(MESSAGE))
          .isInstanceOf(DeadlineExceededException.class);
    }
  }

  @Test
  void itDoesNotChangeWithItsBuilderNorWithThoseThatHaveIt() {
    ClientConfigurationBuilder builder = configuration();
    ClientConfiguration made = builder.build();
    builder.nameServers("127.0.0.1:1");
    Producer.builder("a").client(made).nameServers("127.0.0.1:1").instanceName("other");
    assertThat(made).hasToString("ClientConfiguration[nameServers=" + cluster.nameServers() + "]");
    try (Producer producer = Producer.builder("a").client(made).start()) {
      producer.send(MESSAGE);
    }
    ClientConfiguration derived =
        ClientConfiguration.builder().client(made).instanceName("two").build();
    try (Producer one = warm(Producer.builder("a").client(made).start());
        Producer two = warm(Producer.builder("a").client(derived).start())) {
      assertThat(clients()).isEqualTo(2);
    }
  }

  @Test
  void badOnesAreRefused() {
    assertThatThrownBy(() -> configuration().connectTimeout(Duration.ZERO))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("connectTimeout is PT0S: give 1 ms to 10 min");
    class Foreign implements ClientConfiguration {}
    assertThatThrownBy(() -> Producer.builder("a").client(new Foreign()))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContainingAll(
            "configuration is ", "Foreign", "give one that ClientConfiguration.builder() made");
  }
}
