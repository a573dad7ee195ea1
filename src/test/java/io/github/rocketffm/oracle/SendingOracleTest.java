package io.github.rocketffm.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.testing.KeyedRun;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Nothing acknowledged is lost, for a minute of sends in every way (synchronous, asynchronous, batches, automatic
 * batches) to a concurrent group whose members come and go, while the broker is killed once.
 */
@Tag("oracle")
class SendingOracleTest {
  private static final Logger LOGGER = LoggerFactory.getLogger(SendingOracleTest.class);
  private static final String TOPIC = "oracle-sending";
  private static final int BATCH = 5;

  private final KeyedRun run = new KeyedRun();
  private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
  private final AtomicInteger failures = new AtomicInteger();
  private volatile boolean stopped;

  private static ProducerBuilder producer(RocketMqServer server) {
    return Producer.builder("oracle-senders")
        .nameServers(server.nameServerAddress())
        .sendTimeout(Duration.ofSeconds(3));
  }

  private PushConsumer member(RocketMqServer server, String instance) {
    return PushConsumer.builder("oracle-readers")
        .nameServers(server.nameServerAddress())
        .instanceName(instance)
        .consumeFrom(ConsumeFrom.firstOffset())
        .heartbeatInterval(Duration.ofSeconds(1))
        .rebalanceInterval(Duration.ofSeconds(2))
        .subscribe(TOPIC, FilterExpression.all())
        .listener(
            message -> {
              // Some fail once, and come again by the retry topic.
              if (message.queueOffset() % 211 == 0 && message.reconsumeTimes() == 0) {
                return ConsumeResult.retryAfterLevel(1);
              }
              run.add(message);
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  private interface Send {
    /** Sends messages with these bodies, and returns once their ends are known. */
    void all(List<String> bodies) throws Exception;
  }

  private Thread load(String key, Send send) {
    return Thread.ofPlatform()
        .name("load-" + key)
        .start(
            () -> {
              for (int number = 0; !stopped; number += BATCH) {
                int first = number;
                List<String> bodies =
                    IntStream.range(first, first + BATCH)
                        .mapToObj(i -> KeyedRun.body(key, i))
                        .toList();
                try {
                  send.all(bodies);
                  acknowledged.addAll(bodies);
                  Thread.sleep(10);
                } catch (InterruptedException e) {
                  return;
                } catch (Exception e) {
                  // Not acknowledged: stored or not. One by one they would still count.
                  failures.incrementAndGet();
                }
              }
            });
  }

  private static Message message(String body) {
    return Message.builder(TOPIC).body(body).build();
  }

  private static void pass() throws InterruptedException {
    Thread.sleep(OracleTime.of(Duration.ofSeconds(8)));
  }

  @Test
  void nothingAcknowledgedIsLost() throws Exception {
    try (RocketMqServer server = RocketMqServer.start(Path.of("target/oracle-test"));
        Producer plain = producer(server).start();
        Producer batching = producer(server).autoBatch(Duration.ofMillis(5)).start()) {
      Topics.create(server, TOPIC, 8);
      PushConsumer first = member(server, "first");
      PushConsumer second = null;
      List<Thread> threads = new ArrayList<>();
      try {
        threads.add(load("sync", bodies -> bodies.forEach(body -> plain.send(message(body)))));
        threads.add(
            load(
                "async",
                bodies ->
                    bodies.stream()
                        .map(body -> plain.sendAsync(message(body)))
                        .toList()
                        .forEach(send -> send.join())));
        threads.add(
            load(
                "batch",
                bodies -> plain.send(bodies.stream().map(SendingOracleTest::message).toList())));
        threads.add(
            load(
                "auto",
                bodies ->
                    bodies.stream()
                        .map(body -> batching.sendAsync(message(body)))
                        .toList()
                        .forEach(send -> send.join())));
        pass();
        second = member(server, "second");
        pass();
        first.close();
        pass();
        server.killBroker();
        server.startBroker();
        pass();
        first = member(server, "first");
        pass();
        second.close();
        pass();
        second = member(server, "second");
        pass();
        stopped = true;
        for (Thread thread : threads) {
          thread.join();
        }
        assertThat(acknowledged).hasSizeGreaterThan(OracleTime.of(5_000));
        await()
            .atMost(Duration.ofSeconds(120))
            .pollInterval(Duration.ofMillis(200))
            .until(() -> run.seen().containsAll(acknowledged));
        LOGGER.warn(
            "sending: {} acknowledged, {} consumed, {} duplicates, {} groups of {} sends failed",
            acknowledged.size(),
            run.distinct(),
            run.duplicates(),
            failures.get(),
            BATCH);
        // The broker was away for some seconds: without a failure it was not.
        assertThat(failures.get()).isPositive();
        assertThat(plain.statistics().sendsFailed() + batching.statistics().sendsFailed())
            .isPositive();
      } finally {
        stopped = true;
        for (PushConsumer consumer : new PushConsumer[] {first, second}) {
          if (consumer != null) {
            consumer.close(Duration.ofSeconds(1));
          }
        }
      }
    }
  }
}
