package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.MockCluster;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What producers and consumers tell of themselves. */
@Tag("mock")
class ClientStateMockTest {
  private static final int CHECK_CLIENT_CONFIG = 46;
  private static final int SUBSCRIPTION_PARSE_FAILED = 23;

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

  private Producer producer() {
    return Producer.builder("senders").nameServers(cluster.nameServers()).start();
  }

  private PushConsumer pushConsumer() {
    return PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .subscribe("orders", FilterExpression.tags("paid"))
        .listener(message -> ConsumeResult.SUCCESS)
        .start();
  }

  private SimpleConsumer simpleConsumer() {
    return SimpleConsumer.builder("audit")
        .nameServers(cluster.nameServers())
        .subscribe("orders", FilterExpression.tags("paid"))
        .start();
  }

  @Test
  void eachTellsItsGroupAndWhetherItIsClosed() {
    Producer producer = producer();
    assertThat(producer.group()).isEqualTo("senders");
    assertThat(producer.isClosed()).isFalse();
    producer.close();
    assertThat(producer.isClosed()).isTrue();
    PushConsumer push = pushConsumer();
    assertThat(push.group()).isEqualTo("billing");
    assertThat(push.isClosed()).isFalse();
    push.close();
    assertThat(push.isClosed()).isTrue();
    assertThat(push.group()).isEqualTo("billing");
    SimpleConsumer simple = simpleConsumer();
    assertThat(simple.group()).isEqualTo("audit");
    assertThat(simple.isClosed()).isFalse();
    simple.close(Duration.ZERO);
    assertThat(simple.isClosed()).isTrue();
  }

  @Test
  void aCloseThatIsUnderWayCountsAlready() throws Exception {
    cluster.freeze(MockCluster.BROKER, 0);
    Producer producer = producer();
    CompletableFuture<?> send = producer.sendAsync(Message.builder("orders").body("x").build());
    Thread closing = Thread.ofPlatform().start(producer::close);
    await().until(producer::isClosed);
    assertThat(send).isNotDone();
    cluster.thaw(MockCluster.BROKER, 0);
    closing.join();
  }

  @Test
  void aPushConsumerTellsItsSubscriptions() {
    try (PushConsumer consumer = pushConsumer()) {
      subscriptions(consumer::subscriptions, consumer::subscribe, consumer::unsubscribe);
    }
  }

  @Test
  void aSimpleConsumerTellsItsSubscriptions() {
    try (SimpleConsumer consumer = simpleConsumer()) {
      subscriptions(consumer::subscriptions, consumer::subscribe, consumer::unsubscribe);
    }
  }

  private void subscriptions(
      Supplier<Map<String, FilterExpression>> all,
      BiConsumer<String, FilterExpression> subscribe,
      Consumer<String> unsubscribe) {
    Map<String, FilterExpression> before = all.get();
    assertThat(before).containsExactly(Map.entry("orders", FilterExpression.tags("paid")));
    subscribe.accept("orders", FilterExpression.all());
    subscribe.accept("returns", FilterExpression.tags("a", "b"));
    assertThat(all.get())
        .containsOnly(
            Map.entry("orders", FilterExpression.all()),
            Map.entry("returns", FilterExpression.tags("a", "b")));
    unsubscribe.accept("returns");
    assertThat(all.get()).containsOnlyKeys("orders");
    // What a broker refuses changes nothing.
    cluster.inject(
        MockCluster.BROKER, CHECK_CLIENT_CONFIG, Fault.RESPOND, -1, SUBSCRIPTION_PARSE_FAILED, 0);
    assertThatThrownBy(() -> subscribe.accept("orders", FilterExpression.sql("price >")))
        .isInstanceOf(RequestRejectedException.class);
    assertThat(all.get()).containsOnly(Map.entry("orders", FilterExpression.all()));
    // A snapshot, of which nobody can take anything away.
    assertThat(before).containsExactly(Map.entry("orders", FilterExpression.tags("paid")));
    assertThatThrownBy(before::clear).isInstanceOf(UnsupportedOperationException.class);
  }
}
