package io.github.rocketffm.mock;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.Compression;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.MessageSplitter;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.QueueSelector;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Batches, automatic ones, and queues of the caller's choice. */
@Tag("mock")
class BatchMockTest {
  private static final int RECALL = 370;

  private static final int SEND_BATCH_MESSAGE = 320;
  private static final int MESSAGE_ILLEGAL = 13;

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

  private static Message message(String body) {
    return Message.builder("orders").tag("t").property("größe", "grün 🙂").body(body).build();
  }

  private static List<Message> messages(int count) {
    return IntStream.range(0, count).mapToObj(i -> message("m" + i)).toList();
  }

  private static void assertConsecutive(List<SendResult> results, int count) {
    assertThat(results).hasSize(count);
    assertThat(results).extracting(SendResult::messageId).doesNotHaveDuplicates();
    for (int i = 0; i < count; i++) {
      assertThat(results.get(i).queue()).isEqualTo(results.getFirst().queue());
      assertThat(results.get(i).queueOffset()).isEqualTo(results.getFirst().queueOffset() + i);
      assertThat(results.get(i).offsetMessageId()).isNotEmpty();
    }
  }

  @Test
  void aBatchHasAResultForEachMessage() throws Exception {
    try (Producer producer = builder().start();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      assertConsecutive(producer.send(messages(10)), 10);
      assertConsecutive(producer.sendAsync(messages(20)).get(), 20);
      assertConsecutive(executor.submit(() -> producer.send(messages(5))).get(), 5);
    }
    assertThat(cluster.messages("orders")).isEqualTo(35);
    assertThat(cluster.requests(MockCluster.BROKER, SEND_BATCH_MESSAGE)).isEqualTo(3);
  }

  @Test
  void whatIsNoBatchIsRefused() {
    List<Message> mixed = List.of(message("a"), Message.builder("payments").body("b").build());
    List<Message> delayed = List.of(Message.builder("orders").body("a").delayLevel(1).build());
    try (Producer producer = builder().start()) {
      for (Collection<Message> batch : List.of(List.<Message>of(), mixed, delayed)) {
        assertThatThrownBy(() -> producer.send(batch))
            .isInstanceOf(InvalidArgumentException.class)
            .hasMessageContaining("batch");
        assertThatThrownBy(() -> producer.sendAsync(batch).join())
            .isInstanceOf(CompletionException.class)
            .hasCauseInstanceOf(InvalidArgumentException.class);
      }
      assertThatThrownBy(() -> producer.send(Arrays.asList(message("a"), null)))
          .isInstanceOf(NullPointerException.class)
          .hasMessageContaining("a message of the batch");
    }
    assertThat(cluster.messages("orders")).isZero();
  }

  @Test
  void aRefusedBatchFailsAsAWhole() {
    cluster.inject(MockCluster.BROKER, SEND_BATCH_MESSAGE, Fault.RESPOND, 2, MESSAGE_ILLEGAL, 0);
    try (Producer producer = builder().start()) {
      assertThatThrownBy(() -> producer.send(messages(2)))
          .isInstanceOf(RequestRejectedException.class)
          .hasMessageContaining("refused the message with code 13");
      assertThatThrownBy(() -> producer.sendAsync(messages(2)).join())
          .hasCauseInstanceOf(RequestRejectedException.class);
    }
  }

  @Test
  void theSplitterCutsWhatTheProducerTakes() {
    int limit = 2000;
    try (Producer producer = builder().maxMessageSize(limit).start()) {
      List<Message> all = new ArrayList<>(messages(100));
      all.add(Message.builder("payments").body("p").build());
      all.addAll(messages(3));
      List<List<Message>> batches = new MessageSplitter(limit).split(all);
      assertThat(batches).hasSizeGreaterThan(5);
      assertThat(batches.stream().flatMap(List::stream)).containsExactlyElementsOf(all);
      for (List<Message> batch : batches) {
        assertThat(producer.send(batch)).hasSameSizeAs(batch);
      }
    }
    assertThat(cluster.messages("orders")).isEqualTo(103);
    assertThat(new MessageSplitter(100_000, 7).split(messages(20)))
        .extracting(List::size)
        .containsExactly(7, 7, 6);
    assertThat(new MessageSplitter(1000).split(List.of())).isEmpty();
    assertThatThrownBy(() -> new MessageSplitter(50).split(messages(1)))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("message 0 takes");
    assertThatThrownBy(() -> new MessageSplitter(1, 40_000))
        .isInstanceOf(InvalidArgumentException.class);
  }

  @Test
  void sendsThatComeTogetherGoTogether() {
    List<CompletableFuture<SendResult>> sends = new ArrayList<>();
    try (Producer producer =
        builder().autoBatch(Duration.ofMillis(20)).maxInFlight(10_000).start()) {
      for (int i = 0; i < 1000; i++) {
        sends.add(producer.sendAsync(message("m" + i)));
      }
      assertThat(producer.send(message("sync")).attempts()).isEqualTo(1);
    }
    assertThat(sends).allMatch(send -> send.isDone() && !send.isCompletedExceptionally());
    assertThat(sends.stream().map(send -> send.join().messageId()).distinct()).hasSize(1000);
    assertThat(cluster.messages("orders")).isEqualTo(1001);
    assertThat(cluster.requests(MockCluster.BROKER, SEND_BATCH_MESSAGE)).isLessThan(200);
  }

  @Test
  void aSelectorChoosesTheQueue() throws Exception {
    try (Producer producer = builder().start();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<MessageQueue> queues = producer.queues("orders");
      assertThat(queues).extracting(MessageQueue::queueId).containsExactly(0, 1, 2, 3);
      assertThat(producer.send(message("a"), (m, all) -> all.get(2)).queue())
          .isEqualTo(queues.get(2));
      assertThat(producer.sendAsync(message("b"), (m, all) -> all.getLast()).get().queue())
          .isEqualTo(queues.get(3));
      assertThat(
              executor
                  .submit(() -> producer.send(message("c"), (m, all) -> all.get(1)))
                  .get()
                  .queue())
          .isEqualTo(queues.get(1));
      producer.sendOneWay(message("d"), (m, all) -> all.getFirst());
      Message named = Message.builder("orders").queue(queues.get(3)).body("e").build();
      assertThat(producer.send(named).queue()).isEqualTo(queues.get(3));
    }
    assertThat(cluster.messages("orders")).isEqualTo(5);
  }

  @Test
  void aSelectorThatChoosesNoneOfTheQueuesIsAnError() {
    QueueSelector none = (message, queues) -> new MessageQueue("orders", "broker-9", 0);
    QueueSelector nothing = (message, queues) -> null;
    try (Producer producer = builder().start()) {
      for (QueueSelector selector : List.of(none, nothing)) {
        assertThatThrownBy(() -> producer.send(message("a"), selector))
            .isInstanceOf(InvalidArgumentException.class)
            .hasMessageContaining("none of the topic's queues");
        assertThatThrownBy(() -> producer.sendAsync(message("a"), selector).join())
            .hasCauseInstanceOf(InvalidArgumentException.class);
      }
      // Its own exception comes through.
      assertThatThrownBy(() -> producer.send(message("a"), (m, queues) -> queues.get(4)))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThat(cluster.messages("orders")).isZero();
  }

  @Test
  void whatCannotBeRecalledIsRefused() {
    try (Producer producer = builder().start()) {
      assertThatThrownBy(() -> producer.recall("orders", "no handle"))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("\"no handle\" is no recall handle");
      cluster.refuse(MockCluster.BROKER, RECALL, 1, 1, "delivered already");
      String handle =
          Base64.getUrlEncoder().encodeToString("v1 orders broker-0 1 ABC".getBytes(UTF_8));
      assertThatThrownBy(() -> producer.recall("orders", handle))
          .isInstanceOf(RequestRejectedException.class)
          .hasMessageContaining("did not recall")
          .hasMessageContaining("delivered already");
      assertThatThrownBy(() -> producer.recall("payments", handle))
          .isInstanceOf(InvalidArgumentException.class)
          .hasMessageContaining("orders");
    }
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    assertThatThrownBy(() -> builder().compression(Compression.ZLIB).compressLevel(10).start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("compressLevel is 10, outside 1 to 9");
    assertThatThrownBy(() -> builder().autoBatch(Duration.ofMinutes(2)).start())
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("autoBatch");
    assertThatThrownBy(() -> Message.builder("orders").deliverAfter(Duration.ZERO))
        .isInstanceOf(InvalidArgumentException.class)
        .hasMessageContaining("give a positive one");
  }
}
