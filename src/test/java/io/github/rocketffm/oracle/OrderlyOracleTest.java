package io.github.rocketffm.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.testing.KeyedLoad;
import io.github.rocketffm.testing.KeyedRun;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Order per key, and nothing lost, for a minute in which members of an orderly group come and go and the broker is
 * killed.
 */
@Tag("oracle")
class OrderlyOracleTest {
  private static final Logger LOGGER = LoggerFactory.getLogger(OrderlyOracleTest.class);
  private static final String TOPIC = "oracle-orderly";

  private final KeyedRun run = new KeyedRun();

  private PushConsumer member(RocketMqServer server, String instance) {
    return PushConsumer.builder("oracle-orderlies")
        .nameServers(server.nameServerAddress())
        .instanceName(instance)
        .consumeFrom(ConsumeFrom.firstOffset())
        .heartbeatInterval(Duration.ofSeconds(1))
        .rebalanceInterval(Duration.ofSeconds(2))
        .batchSize(4)
        .orderly()
        .subscribe(TOPIC, FilterExpression.all())
        .batchListener(
            messages -> {
              messages.forEach(run::add);
              Thread.sleep(2);
              // Now and then a part of a batch fails, and comes again in place.
              return messages.getFirst().queueOffset() % 97 == 0
                      && messages.getFirst().reconsumeTimes() == 0
                  ? ConsumeResult.consumed(messages.size() / 2).thenSuspend(Duration.ofMillis(50))
                  : ConsumeResult.SUCCESS;
            })
        .start();
  }

  private static void pass() throws InterruptedException {
    Thread.sleep(OracleTime.of(Duration.ofSeconds(6)));
  }

  @Test
  void orderPerKeyHoldsAndNothingAcknowledgedIsLost() throws Exception {
    try (RocketMqServer server = RocketMqServer.start(Path.of("target/oracle-test"))) {
      Topics.create(server, TOPIC, 8);
      PushConsumer first = member(server, "first");
      PushConsumer second = null;
      PushConsumer third = null;
      try (KeyedLoad load =
          new KeyedLoad(server.nameServerAddress(), TOPIC, Duration.ofMillis(5))) {
        pass();
        second = member(server, "second");
        pass();
        third = member(server, "third");
        pass();
        second.close();
        pass();
        server.killBroker();
        server.startBroker();
        second = member(server, "second");
        pass();
        first.close();
        pass();
        first = member(server, "first");
        third.close();
        pass();
        third = member(server, "third");
        pass();
        Set<String> acknowledged = load.stop();
        assertThat(acknowledged).hasSizeGreaterThan(OracleTime.of(5_000));
        await()
            .atMost(Duration.ofSeconds(120))
            .pollInterval(Duration.ofMillis(200))
            .until(() -> run.distinct() >= acknowledged.size());
        LOGGER.warn(
            "orderly: {} acknowledged, {} consumed, {} duplicates",
            acknowledged.size(),
            run.distinct(),
            run.duplicates());
        assertThat(run.seen()).containsAll(acknowledged);
        assertThat(run.disorder()).isEmpty();
      } finally {
        close(first);
        close(second);
        close(third);
      }
    }
  }

  private static void close(PushConsumer consumer) {
    if (consumer != null) {
      consumer.close(Duration.ofSeconds(1));
    }
  }
}
