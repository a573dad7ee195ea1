package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ClientClosedException;
import io.github.rocketffm.ConnectionLostException;
import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageBuilder;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SendStatus;
import io.github.rocketffm.TooManyRequestsException;
import io.github.rocketffm.TopicNotFoundException;
import io.github.rocketffm.UnreachableException;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import io.github.rocketffm.testing.OwnProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("mock")
class ProducerMockTest {
  private static final int LOOPS = 100;
  private static final int ROUNDS = 5;

  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private ProducerBuilder builder() {
    return Producer.builder("group")
        .nameServers(cluster.nameServers())
        .sendTimeout(Duration.ofSeconds(20));
  }

  private static Message message() {
    return Message.builder("orders")
        .tag("t")
        .key("a", "b")
        .property("p", "grün")
        .body("hello")
        .build();
  }

  @Test
  void aSyncSendTellsWhatTheBrokerAcknowledged() {
    try (Producer producer = builder().start()) {
      SendResult result = producer.send(message());
      assertThat(result.status()).isEqualTo(SendStatus.SEND_OK);
      assertThat(result.messageId()).matches("[0-9A-F]{32}");
      assertThat(result.queue().topic()).isEqualTo("orders");
      assertThat(result.queue().brokerName()).isEqualTo("broker-0");
      assertThat(result.attempts()).isEqualTo(1);
      assertThat(producer.statistics().sendsSucceeded()).isEqualTo(1);
    }
    assertThat(cluster.messages("orders")).isEqualTo(1);
  }

  @Test
  void asyncSendsEndWithTheirOwnResults() {
    List<CompletableFuture<SendResult>> sends = new ArrayList<>();
    try (Producer producer = builder().maxInFlight(2000).start()) {
      for (int i = 0; i < 1000; i++) {
        sends.add(producer.sendAsync(message()));
      }
    }
    assertThat(sends).allMatch(CompletableFuture::isDone);
    assertThat(sends.stream().map(send -> send.join().messageId()).distinct()).hasSize(1000);
    assertThat(cluster.messages("orders")).isEqualTo(1000);
  }

  @Test
  void virtualThreadsSendInNumbersBeyondTheLimit() throws Exception {
    try (Producer producer = builder().maxInFlight(10).start();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<SendResult>> sends = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        sends.add(executor.submit(() -> producer.send(message())));
      }
      for (Future<SendResult> send : sends) {
        assertThat(send.get().status()).isEqualTo(SendStatus.SEND_OK);
      }
    }
    assertThat(cluster.messages("orders")).isEqualTo(500);
  }

  @Test
  void aOneWaySendArrives() {
    try (Producer producer = builder().start()) {
      producer.sendOneWay(message());
      await().until(() -> cluster.messages("orders") == 1);
    }
  }

  @Test
  void aRefusalCarriesTheBrokersWords() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, -1, 13, 0);
    try (Producer producer = builder().start()) {
      RequestRejectedException e =
          catchThrowableOfType(RequestRejectedException.class, () -> producer.send(message()));
      assertThat(e.kind()).isEqualTo(ErrorKind.REJECTED);
      assertThat(e.responseCode()).hasValue(13);
      assertThat(e.remark()).contains("remark");
      assertThat(e.topic()).contains("orders");
      assertThat(e.address()).isPresent();
      assertThat(e.attempts()).isEqualTo(1);
      assertThat(e).hasMessageContaining("orders");
      assertThatThrownBy(() -> producer.sendAsync(message()).get())
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(RequestRejectedException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RESET", "CLOSE", "HALF_FRAME", "GARBAGE"})
  void aBrokenAnswerIsATypedError(Fault fault) {
    try (Producer producer = builder().maxAttempts(1).start()) {
      producer.send(message());
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, fault, 1, 0, 0);
      RocketMqException e =
          catchThrowableOfType(RocketMqException.class, () -> producer.send(message()));
      assertThat(e.kind()).isIn(ErrorKind.CONNECTION_LOST, ErrorKind.PROTOCOL_ERROR);
      assertThat(e instanceof ConnectionLostException)
          .isEqualTo(e.kind() == ErrorKind.CONNECTION_LOST);
      assertThat(producer.send(message()).status()).isEqualTo(SendStatus.SEND_OK);
    }
  }

  @Test
  void silenceIsATimeoutAndNoServerIsUnreachable() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, -1, 0, 0);
    try (Producer producer = builder().start()) {
      assertThatThrownBy(() -> producer.send(message(), Duration.ofMillis(200)))
          .isInstanceOf(DeadlineExceededException.class);
    }
    try (MockCluster strict = MockCluster.withoutAutoCreate();
        Producer lost = Producer.builder("group").nameServers(strict.nameServers()).start()) {
      assertThatThrownBy(() -> lost.send(message()))
          .isInstanceOf(TopicNotFoundException.class)
          .hasMessageContaining("orders");
    }
    cluster.stop(MockCluster.NAME_SERVER, 0);
    try (Producer producer = builder().start()) {
      assertThatThrownBy(() -> producer.send(message(), Duration.ofMillis(200)))
          .isInstanceOf(UnreachableException.class)
          .hasMessageContaining(cluster.nameServers());
    }
  }

  @Test
  void refusedSendsAreTriedAgainAfterTheCodesThatTheUserSets() {
    int busy = 2;
    try (Producer usual = builder().start();
        Producer stubborn = builder().retryResponseCodes(busy).start();
        Producer once = builder().retryResponseCodes().start()) {
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, 3, busy, 0);
      assertThatThrownBy(() -> usual.sendAsync(message()).join())
          .hasCauseInstanceOf(RequestRejectedException.class);
      assertThatThrownBy(() -> once.send(message())).isInstanceOf(RequestRejectedException.class);
      assertThat(stubborn.sendAsync(message()).join().status()).isEqualTo(SendStatus.SEND_OK);
    }
  }

  @Test
  void aNamedQueueIsTriedAgainWhereTheUserAsksForIt() {
    int busy = 2;
    try (Producer usual = builder().start();
        Producer stubborn = builder().retrySameQueue(true).start()) {
      Message named = Message.builder("orders").shardingKey("42").body("x").build();
      usual.warmUp("orders");
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.RESPOND, 2, busy, 0);
      assertThatThrownBy(() -> usual.send(named)).isInstanceOf(RequestRejectedException.class);
      assertThat(stubborn.send(named).status()).isEqualTo(SendStatus.SEND_OK);
    }
  }

  @Test
  void asyncSendsOverTheLimitAreRefused() {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.DELAY, -1, 0, 1000);
    try (Producer producer = builder().maxInFlight(1).blockWhenFull(false).start()) {
      CompletableFuture<SendResult> first = producer.sendAsync(message());
      assertThatThrownBy(() -> producer.sendAsync(message()).join())
          .hasCauseInstanceOf(TooManyRequestsException.class);
      assertThat(first.join().status()).isEqualTo(SendStatus.SEND_OK);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "with blank", "ümlaut", "a/b"})
  void illegalTopicsAreRefused(String topic) {
    try (Producer producer = builder().start()) {
      assertThatThrownBy(() -> producer.send(Message.builder(topic).body("x").build()))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("topic");
    }
  }

  @Test
  void illegalPartsOfAMessageAreNamed() {
    try (Producer producer = builder().maxMessageSize(10).start()) {
      assertRefused(producer, Message.builder("t".repeat(128)).body("x"), "128", "127");
      assertRefused(producer, Message.builder("orders"), "body is empty");
      assertRefused(producer, Message.builder("orders").body(new byte[11]), "11 bytes", "10");
      assertRefused(producer, Message.builder("orders").body("x").tag("a|b"), "tag");
      assertRefused(producer, Message.builder("orders").body("x").tag(" a"), "tag");
      assertRefused(producer, Message.builder("orders").body("x").key("a\u0001"), "keys");
      assertRefused(
          producer, Message.builder("orders").body("x").property("UNIQ_KEY", "1"), "reserved");
      assertRefused(producer, Message.builder("orders").body("x").property("", "1"), "empty name");
      assertRefused(producer, Message.builder("orders").body("x").property("a", ""), "empty value");
      assertRefused(
          producer, Message.builder("orders").body("x").property("a", "b".repeat(40000)), "32767");
      assertRefused(producer, Message.builder("orders").body("x").delayLevel(-1), "delayLevel -1");
    }
    assertThatThrownBy(() -> Message.builder(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("topic");
    assertThatThrownBy(() -> Message.builder("t").body((byte[]) null)).hasMessage("body");
    assertThatThrownBy(() -> Message.builder("t").tag(null)).hasMessage("tag");
  }

  private static void assertRefused(Producer producer, MessageBuilder message, String... words) {
    assertThatThrownBy(() -> producer.send(message.build()))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContainingAll(words);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "nohost", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "::1:9876", "a b:1"})
  void malformedNameServersAreRefused(String address) {
    assertThatThrownBy(() -> Producer.builder("group").nameServers(address).start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("nameServers");
  }

  @Test
  void illegalGroupsAndSettingsAreRefused() {
    for (String group : List.of("", "with blank", "g".repeat(121))) {
      assertThatThrownBy(() -> Producer.builder(group).nameServers("127.0.0.1:1").start())
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("group");
    }
    assertThatThrownBy(() -> builder().maxAttempts(17).start())
        .hasMessageContaining("maxAttempts")
        .hasMessageContaining("16");
    assertThatThrownBy(() -> builder().sendTimeout(Duration.ZERO))
        .isInstanceOf(InvalidArgumentException.class);
  }

  @Test
  void closeIsIdempotentConcurrentAndEndsWhatIsInFlight() throws Exception {
    cluster.inject(MockCluster.BROKER, MockCluster.SEND, Fault.IGNORE, -1, 0, 0);
    Producer producer = builder().start();
    List<CompletableFuture<SendResult>> sends = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      sends.add(producer.sendAsync(message()));
    }
    List<Thread> closers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      closers.add(Thread.startVirtualThread(() -> producer.close(Duration.ofMillis(50))));
    }
    for (Thread closer : closers) {
      closer.join();
    }
    producer.close();
    assertThat(sends)
        .allSatisfy(
            send -> assertThatThrownBy(send::join).hasCauseInstanceOf(ClientClosedException.class));
    assertThatThrownBy(() -> producer.send(message())).isInstanceOf(ClientClosedException.class);
    assertThatThrownBy(() -> producer.sendOneWay(message()))
        .isInstanceOf(ClientClosedException.class);
    assertThatThrownBy(producer::statistics).isInstanceOf(ClientClosedException.class);
  }

  @Test
  void aCompletionMayCloseItsProducer() {
    Producer producer = builder().start();
    AtomicInteger ended = new AtomicInteger();
    CompletableFuture<Void> closed =
        producer
            .sendAsync(message())
            .thenAccept(
                result -> {
                  producer.close();
                  ended.incrementAndGet();
                });
    closed.join();
    assertThat(ended).hasValue(1);
    producer.close();
  }

  /** A leak grows in every round; anything else, such as what is compiled meanwhile, leaves one out. */
  @Test
  @DisabledIfEnvironmentVariable(
      named = "ROCKETMQ_TEST_EMULATOR",
      matches = ".+",
      disabledReason = "qemu keeps memory of every thread that has ended")
  void manyLoopsLeaveNoThreadNoHandleAndNoMemory() throws Exception {
    loops();
    awaitNoConnections();
    // Not files: classes that are loaded open jars.
    long sockets = OwnProcess.sockets();
    long leastMemory = Long.MAX_VALUE;
    long leastHandles = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long memory = OwnProcess.residentKilobytes();
      long handles = OwnProcess.handles();
      loops();
      awaitNoConnections();
      leastMemory = Math.min(leastMemory, OwnProcess.residentKilobytes() - memory);
      leastHandles = Math.min(leastHandles, OwnProcess.handles() - handles);
    }
    assertThat(cluster.messages("orders")).isEqualTo((ROUNDS + 1) * LOOPS * 2);
    // What is joined is listed for a moment yet.
    await().until(() -> OwnProcess.clientThreads() == 0);
    await().until(() -> OwnProcess.sockets() <= sockets);
    assertThat(leastMemory).as("least growth of a round, in KiB").isLessThan(LOOPS * 40);
    assertThat(leastHandles).as("least growth of a round, in handles").isLessThan(LOOPS);
  }

  private void awaitNoConnections() {
    await().until(() -> cluster.connections(MockCluster.BROKER) == 0);
    await().until(() -> cluster.connections(MockCluster.NAME_SERVER) == 0);
  }

  private void loops() {
    for (int i = 0; i < LOOPS; i++) {
      loop();
    }
  }

  private void loop() {
    CompletableFuture<SendResult> inFlight;
    try (Producer producer = builder().start()) {
      producer.send(message());
      inFlight = producer.sendAsync(message());
    }
    assertThat(inFlight).isCompleted();
  }
}
