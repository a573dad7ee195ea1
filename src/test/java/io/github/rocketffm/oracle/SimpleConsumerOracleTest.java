package io.github.rocketffm.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.RocketMqServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What was acknowledged by a broker is consumed, whatever happens to brokers and consumers meanwhile. */
@Tag("oracle")
class SimpleConsumerOracleTest {
  private static final Duration LOAD = OracleTime.of(Duration.ofSeconds(60));
  private static final Duration INVISIBLE = Duration.ofSeconds(10);
  private static final String TOPIC = "simple-oracle";

  private final Set<String> sent = ConcurrentHashMap.newKeySet();

  /** Of these, what was sent after the broker had come back. */
  private final Set<String> sentLater = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean isBack = new AtomicBoolean();
  private final Map<String, AtomicInteger> acknowledged = new ConcurrentHashMap<>();
  private final AtomicBoolean done = new AtomicBoolean();

  private SimpleConsumer consumer(RocketMqServer server, int number) {
    return SimpleConsumer.builder("simple-oracle-group")
        .nameServers(server.nameServerAddress())
        .instanceName("member" + number)
        .consumeFrom(ConsumeFrom.firstOffset())
        .awaitDuration(Duration.ofSeconds(2))
        .subscribe(TOPIC, FilterExpression.all())
        .start();
  }

  private void send(Producer producer) throws InterruptedException {
    Instant end = Instant.now().plus(LOAD);
    for (int i = 0; Instant.now().isBefore(end); i++) {
      boolean later = isBack.get();
      try {
        String id = producer.send(Message.builder(TOPIC).body("m" + i).build()).messageId();
        sent.add(id);
        if (later) {
          sentLater.add(id);
        }
      } catch (RocketMqException e) {
        // It may have been stored; the oracle is about what was acknowledged.
      }
      Thread.sleep(2);
    }
  }

  /** Now and then forgets a message, fails to acknowledge one, or leaves and joins again. */
  private void consume(RocketMqServer server, int number) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    SimpleConsumer consumer = consumer(server, number);
    try {
      while (!done.get()) {
        if (random.nextInt(200) == 0) {
          consumer.close();
          consumer = consumer(server, number);
        }
        try {
          for (ReceivedMessage message : consumer.receive(1 + random.nextInt(40), INVISIBLE)) {
            if (random.nextInt(50) == 0) {
              continue;
            }
            consumer.ack(message);
            acknowledged
                .computeIfAbsent(message.messageId(), id -> new AtomicInteger())
                .incrementAndGet();
          }
        } catch (RocketMqException e) {
          // The broker is down, or starts.
        }
      }
    } finally {
      consumer.close();
    }
  }

  @Test
  @Timeout(600)
  void nothingThatWasAcknowledgedIsLost() throws Exception {
    try (RocketMqServer server = RocketMqServer.start(Path.of("target/oracle-test"));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Producer producer =
            Producer.builder("oracle")
                .nameServers(server.nameServerAddress())
                .sendTimeout(Duration.ofSeconds(5))
                .start()) {
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int number = i;
        ends.add(threads.submit(() -> consume(server, number)));
      }
      Future<?> sending =
          threads.submit(
              () -> {
                send(producer);
                return null;
              });
      Thread.sleep(LOAD.dividedBy(3));
      server.killBroker();
      server.startBroker();
      isBack.set(true);
      sending.get();
      try {
        await()
            .atMost(Duration.ofSeconds(180))
            .until(() -> acknowledged.keySet().containsAll(sent));
      } finally {
        done.set(true);
      }
      for (Future<?> end : ends) {
        end.get();
      }
      assertThat(sent).hasSizeGreaterThan(OracleTime.of(500));
      long twice = repeated(sent);
      long twiceLater = repeated(sentLater);
      System.out.printf(
          "%d messages sent, %d acknowledged by consumers, %d of them more than once; of %d sent after the outage %d%n",
          sent.size(), acknowledged.size(), twice, sentLater.size(), twiceLater);
      // At least once: all that a broker had not yet written when it was killed may come again, but
      // nothing else.
      assertThat(twiceLater).isLessThan(Math.max(10, sentLater.size() / 10));
    }
  }

  private long repeated(Set<String> ids) {
    return ids.stream().filter(id -> acknowledged.get(id).get() > 1).count();
  }
}
