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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every member of a broadcasting group gets all, while members restart and the broker is killed. */
@Tag("oracle")
class BroadcastingOracleTest {
  private static final Logger LOGGER = LoggerFactory.getLogger(BroadcastingOracleTest.class);
  private static final String TOPIC = "oracle-news";

  private final Map<String, KeyedRun> runs = new ConcurrentHashMap<>();
  @TempDir Path directory;

  private PushConsumer member(RocketMqServer server, String instance) {
    KeyedRun run = runs.computeIfAbsent(instance, name -> new KeyedRun());
    return PushConsumer.builder("oracle-listeners")
        .nameServers(server.nameServerAddress())
        .instanceName(instance)
        .offsetDirectory(directory)
        .consumeFrom(ConsumeFrom.firstOffset())
        .broadcasting()
        .subscribe(TOPIC, FilterExpression.all())
        .listener(
            message -> {
              run.add(message);
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  private static void pass() throws InterruptedException {
    Thread.sleep(OracleTime.of(Duration.ofSeconds(5)));
  }

  @Test
  void everyMemberGetsAllThatWasAcknowledged() throws Exception {
    try (RocketMqServer server = RocketMqServer.start(Path.of("target/oracle-test"))) {
      Topics.create(server, TOPIC, 8);
      PushConsumer first = member(server, "first");
      PushConsumer second = member(server, "second");
      PushConsumer third = null;
      try (KeyedLoad load =
          new KeyedLoad(server.nameServerAddress(), TOPIC, Duration.ofMillis(5))) {
        pass();
        // Comes late, and begins at the first message.
        third = member(server, "third");
        pass();
        // Goes on where it was.
        second.close();
        pass();
        second = member(server, "second");
        server.killBroker();
        pass();
        server.startBroker();
        pass();
        third.close();
        third = member(server, "third");
        pass();
        Set<String> acknowledged = load.stop();
        assertThat(acknowledged).hasSizeGreaterThan(OracleTime.of(2_000));
        for (Map.Entry<String, KeyedRun> member : runs.entrySet()) {
          KeyedRun run = member.getValue();
          await()
              .atMost(Duration.ofSeconds(120))
              .pollInterval(Duration.ofMillis(200))
              .until(() -> run.distinct() >= acknowledged.size());
          LOGGER.warn(
              "broadcast to {}: {} acknowledged, {} consumed, {} duplicates",
              member.getKey(),
              acknowledged.size(),
              run.distinct(),
              run.duplicates());
          assertThat(run.seen()).as(member.getKey()).containsAll(acknowledged);
        }
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
