package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageRejectedException;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.RocketMqException;
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
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

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

  private Producer.Builder producer() {
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
    assertThatThrownBy(() -> producer().nameServers((String) null)).hasMessage("address");
    assertThatThrownBy(() -> PushConsumer.builder(null)).hasMessage("group");
    assertThatThrownBy(() -> PushConsumer.builder("g").subscribe("t", null)).hasMessage("filter");
    assertThatThrownBy(() -> PushConsumer.builder("g").listener(null)).hasMessage("listener");
    assertThatThrownBy(() -> Message.builder("t").property("a", null)).hasMessage("value");
  }

  @Test
  void textsThatCannotBeSentAreRefusedInPlaceOfChanged() {
    Message.Builder half = Message.builder("orders").body("x").tag("\ud83d");
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
    assertThatThrownBy(() -> producer().sendTimeout(ChronoUnit.FOREVER.getDuration()))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> producer().closeTimeout(ChronoUnit.FOREVER.getDuration()))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> Message.builder("t").deliverAt(Instant.MAX))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> new ConsumeResult(-2, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ConsumeResult(0, -2)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anExceptionKeepsItsDetailsWhenItIsSerialized() throws Exception {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, -1, 13, 0);
    MessageRejectedException thrown;
    try (Producer producer = producer().start()) {
      thrown =
          catchThrowableOfType(
              MessageRejectedException.class,
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
    List<String> names = new CopyOnWriteArrayList<>();
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            names.add(event.getLoggerName() + " " + event.getLevel());
          }
        };
    appender.start();
    Logger net = (Logger) LoggerFactory.getLogger("io.github.rocketffm.native.net");
    net.setLevel(Level.DEBUG);
    net.setAdditive(false);
    net.addAppender(appender);
    try (Producer producer = producer().start()) {
      producer.send(Message.builder("orders").body("x").build());
      await().until(() -> names.contains("io.github.rocketffm.native.net DEBUG"));
    } finally {
      net.setLevel(null);
      net.setAdditive(true);
      net.detachAppender(appender);
    }
    assertThat(names).allMatch(name -> name.startsWith("io.github.rocketffm.native.net "));
  }

  @Test
  void aForgottenProducerIsClosedWithAWarning() {
    List<String> warnings = new CopyOnWriteArrayList<>();
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            warnings.add(event.getFormattedMessage());
          }
        };
    appender.start();
    Logger logger = (Logger) LoggerFactory.getLogger(Producer.class);
    logger.setAdditive(false);
    logger.addAppender(appender);
    try {
      forget();
      await()
          .until(
              () -> {
                System.gc();
                return cluster.connections(MockCluster.BROKER) == 0;
              });
    } finally {
      logger.setAdditive(true);
      logger.detachAppender(appender);
    }
    assertThat(warnings).anyMatch(warning -> warning.contains("forgetful"));
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
