package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ClientClosedException;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.SimpleConsumerBuilder;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Receiving on demand, from the mock cluster. */
@Tag("mock")
class SimpleConsumerMockTest {
  private static final int POP = 200050;
  private static final int ACK = 200051;
  private static final String TOPIC = "orders";
  private static final Duration LONG = Duration.ofSeconds(60);

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
    cluster.createTopic(TOPIC, 4);
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private SimpleConsumerBuilder builder() {
    return SimpleConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .subscribe(TOPIC, FilterExpression.all());
  }

  private void put(int count) {
    for (int i = 0; i < count; i++) {
      cluster.put(TOPIC, i % 4, "m" + i);
    }
  }

  @Test
  void receivesAndAcknowledgesInEveryWay() {
    put(3);
    try (SimpleConsumer consumer = builder().start()) {
      List<ReceivedMessage> messages = new ArrayList<>(consumer.receive(2, LONG));
      messages.addAll(consumer.receiveAsync(2, LONG).join());
      assertThat(messages.stream().map(ReceivedMessage::bodyAsString))
          .containsExactlyInAnyOrder("m0", "m1", "m2");
      consumer.ack(messages.get(0));
      consumer.ackAsync(messages.get(1)).join();
      consumer.changeInvisibleDuration(messages.get(2), LONG);
      consumer.changeInvisibleDurationAsync(messages.get(2), LONG).join();
      consumer.ack(messages.get(2));
      assertThat(consumer.statistics().messagesAcknowledged()).isEqualTo(3);
      assertThat(consumer.statistics().invisibleChanges()).isEqualTo(2);
      // An asynchronous call counts until its callback has returned.
      await().until(() -> consumer.statistics().callsInFlight() == 0);
      assertThat(messages.getFirst().toString()).contains(TOPIC);
    }
  }

  @Test
  void thereIsNothingAfterTheAwaitDuration() {
    try (SimpleConsumer consumer = builder().awaitDuration(Duration.ZERO).start()) {
      assertThat(consumer.receive(8, LONG)).isEmpty();
    }
    try (SimpleConsumer consumer = builder().awaitDuration(Duration.ofMillis(300)).start()) {
      Instant begin = Instant.now();
      assertThat(consumer.receive(8, LONG)).isEmpty();
      assertThat(Duration.between(begin, Instant.now())).isGreaterThan(Duration.ofMillis(290));
    }
  }

  /** With far more of them than there are carriers, each of which a blocking native call would hold. */
  @Test
  void virtualThreadsWaitWithoutTheirCarriers() throws Exception {
    Set<String> received = ConcurrentHashMap.newKeySet();
    try (SimpleConsumer consumer = builder().awaitDuration(LONG).start()) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        threads.add(
            Thread.startVirtualThread(
                () -> {
                  for (ReceivedMessage message : consumer.receive(1, LONG)) {
                    consumer.ack(message);
                    received.add(message.bodyAsString());
                  }
                }));
      }
      await().until(() -> consumer.statistics().callsInFlight() == 200);
      put(200);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(received).hasSize(200);
      assertThat(consumer.statistics().messagesAcknowledged()).isEqualTo(200);
    }
  }

  @Test
  void anInterruptEndsTheWait() throws Exception {
    try (SimpleConsumer consumer = builder().awaitDuration(LONG).start()) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      consumer.receive(1, LONG);
                    } catch (RocketMqException e) {
                      failure.set(e);
                    }
                  });
      await().until(() -> cluster.requests(MockCluster.BROKER, POP) == 1);
      thread.interrupt();
      thread.join();
      assertThat(failure.get())
          .isInstanceOfSatisfying(
              RocketMqException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INTERRUPTED));
    }
  }

  @Test
  void mayBeUsedWithinWhatIsAttachedToAFuture() {
    put(2);
    try (SimpleConsumer consumer = builder().start()) {
      CompletableFuture<String> second =
          consumer
              .receiveAsync(1, LONG)
              .thenApply(
                  messages -> {
                    consumer.ack(messages.getFirst());
                    assertThat(messages.getFirst().queueMinOffset()).isEmpty();
                    assertThat(messages.getFirst().queueMaxOffset()).isEmpty();
                    List<ReceivedMessage> more = consumer.receive(1, LONG);
                    consumer.changeInvisibleDuration(more.getFirst(), LONG);
                    return more.getFirst().bodyAsString();
                  });
      assertThat(second.join()).startsWith("m");
    }
  }

  @Test
  void closeEndsWhatWaits() {
    SimpleConsumer consumer = builder().awaitDuration(LONG).start();
    CompletableFuture<List<ReceivedMessage>> waiting = consumer.receiveAsync(1, LONG);
    consumer.close();
    assertThatThrownBy(waiting::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(ClientClosedException.class);
    assertThatThrownBy(() -> consumer.receive(1, LONG)).isInstanceOf(ClientClosedException.class);
    assertThatThrownBy(consumer::statistics).isInstanceOf(ClientClosedException.class);
    consumer.close();
  }

  @Test
  void messagesStayValidForEver() {
    put(1);
    ReceivedMessage message;
    try (SimpleConsumer consumer = builder().start()) {
      message = consumer.receive(1, LONG).getFirst();
    }
    assertThat(message.bodyAsString()).isEqualTo("m0");
    int length = message.readBody(memory -> (int) memory.byteSize());
    assertThat(length).isEqualTo(2);
    byte[] copy = new byte[2];
    assertThat(message.copyBody(copy, 0)).isEqualTo(2);
    assertThat(message.topic()).isEqualTo(TOPIC);
  }

  @Test
  void refusalsAreTold() {
    put(1);
    try (SimpleConsumer consumer = builder().start()) {
      cluster.inject(MockCluster.BROKER, POP, Fault.RESPOND, 1, 26, 0);
      assertThatThrownBy(() -> consumer.receive(1, LONG))
          .isInstanceOfSatisfying(
              RequestRejectedException.class,
              e -> {
                assertThat(e.responseCode()).hasValue(26);
                assertThat(e.remark()).contains("remark");
                assertThat(e.topic()).contains(TOPIC);
              });
      ReceivedMessage message = consumer.receive(1, LONG).getFirst();
      cluster.inject(MockCluster.BROKER, ACK, Fault.RESPOND, 1, 13, 0);
      assertThatThrownBy(() -> consumer.ack(message)).isInstanceOf(RequestRejectedException.class);
      consumer.ack(message);
    }
  }

  @Test
  void badArgumentsAreTold() {
    assertThatThrownBy(() -> builder().consumeFrom(ConsumeFrom.timestamp(Instant.now())))
        .isInstanceOf(InvalidArgumentException.class);
    assertThatThrownBy(() -> SimpleConsumer.builder("a b").nameServers("x:1").start())
        .isInstanceOf(InvalidArgumentException.class);
    AtomicReference<ReceivedMessage> pushed = new AtomicReference<>();
    put(1);
    try (SimpleConsumer consumer = builder().start();
        PushConsumer push =
            PushConsumer.builder("pushed")
                .nameServers(cluster.nameServers())
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe(TOPIC, FilterExpression.all())
                .listener(
                    message -> {
                      pushed.set(message);
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      assertThatThrownBy(() -> consumer.receive(0, LONG))
          .isInstanceOf(InvalidArgumentException.class);
      assertThatThrownBy(() -> consumer.receive(1025, LONG))
          .isInstanceOf(InvalidArgumentException.class);
      assertThatThrownBy(() -> consumer.receive(1, Duration.ofHours(13)))
          .isInstanceOf(InvalidArgumentException.class);
      assertThatThrownBy(() -> consumer.subscribe("a/b", FilterExpression.all()))
          .isInstanceOf(InvalidArgumentException.class);
      await().until(() -> pushed.get() != null);
      assertThatThrownBy(() -> consumer.ack(pushed.get()))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("listener");
      assertThat(push.statistics().messagesReceived()).isEqualTo(1);
    }
  }
}
