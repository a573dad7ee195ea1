package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A failure tells whether the message may be stored all the same. */
@Tag("mock")
class MayBeStoredMockTest {
  private static final Message MESSAGE = Message.builder("orders").body("x").build();
  private static final int ILLEGAL = 13;

  private MockCluster cluster;

  @BeforeEach
  void start() {
    cluster = new MockCluster();
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private ProducerBuilder builder() {
    return Producer.builder("senders").nameServers(cluster.nameServers());
  }

  @Test
  void aBrokerThatReadAndDidNotAnswerMayHaveIt() {
    try (Producer producer = builder().sendTimeout(Duration.ofSeconds(1)).start()) {
      producer.warmUp("orders");
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, 16, 0, 0);
      assertThatThrownBy(() -> producer.send(MESSAGE))
          .isInstanceOfSatisfying(
              RocketMqException.class, e -> assertThat(e.mayBeStored()).isTrue())
          .hasMessageContaining("may be stored");
      assertThatThrownBy(() -> producer.sendAsync(MESSAGE).join())
          .isInstanceOf(CompletionException.class)
          .cause()
          .isInstanceOfSatisfying(
              RocketMqException.class, e -> assertThat(e.mayBeStored()).isTrue());
    }
  }

  @Test
  void whatNoBrokerTookIsStoredByNone() {
    try (Producer producer = builder().sendTimeout(Duration.ofSeconds(1)).start()) {
      assertThatThrownBy(() -> producer.send(Message.builder("orders").body("").tag("a|b").build()))
          .isInstanceOfSatisfying(
              InvalidArgumentException.class, e -> assertThat(e.mayBeStored()).isFalse());
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, 1, ILLEGAL, 0);
      assertThatThrownBy(() -> producer.send(MESSAGE))
          .isInstanceOfSatisfying(
              RocketMqException.class,
              e -> {
                assertThat(e.kind()).isEqualTo(ErrorKind.REJECTED);
                assertThat(e.mayBeStored()).isFalse();
              });
    }
  }

  @Test
  void aDelayThatNoClockKnowsIsRefused() {
    assertThatThrownBy(
            () -> Message.builder("orders").deliverAfter(Duration.ofSeconds(Long.MAX_VALUE / 4)))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("delay");
  }
}
