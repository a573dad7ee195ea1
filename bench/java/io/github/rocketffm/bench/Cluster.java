package io.github.rocketffm.bench;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.testing.RocketMqServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The private broker of a run, and what must have arrived there. */
final class Cluster implements AutoCloseable {
  private static final long ROUTE_MILLIS = 30_000;

  private final RocketMqServer server;
  private final Map<String, Long> expected = new LinkedHashMap<>();

  private Cluster(RocketMqServer server) {
    this.server = server;
  }

  static Cluster start(Path folder) throws IOException, InterruptedException {
    return new Cluster(RocketMqServer.start(folder));
  }

  String nameServer() {
    return server.nameServerAddress();
  }

  /** A new topic with 4 queues, which the name server knows on return. */
  String createTopic(String name) throws IOException, InterruptedException {
    try (Producer producer =
        Producer.builder("bench-topics")
            .nameServers(nameServer())
            .sendTimeout(Duration.ofSeconds(10))
            .start()) {
      producer.send(Message.builder(name).body("first").build());
    }
    expected.put(name, 1L);
    long deadline = System.currentTimeMillis() + ROUTE_MILLIS;
    while (!BrokerProbe.hasRoute(nameServer(), name)) {
      if (System.currentTimeMillis() > deadline) {
        throw new IOException("the name server does not learn of the topic " + name);
      }
      Thread.sleep(20);
    }
    return name;
  }

  /** So many messages of a topic were acknowledged to a contender. */
  void acknowledged(String topic, long count) {
    expected.merge(topic, count, Long::sum);
  }

  /** The topics whose contenders do not tell how much they sent. */
  void forget(String prefix) {
    expected.keySet().removeIf(topic -> topic.startsWith(prefix));
  }

  /** Compares what was acknowledged with what the broker has. */
  void check(Results results) throws IOException {
    for (Map.Entry<String, Long> topic : expected.entrySet()) {
      long stored = BrokerProbe.messages(server.brokerAddress(), topic.getKey());
      results.check(
          String.format(
              "topic %s: %,d acknowledged, %,d at the broker",
              topic.getKey(), topic.getValue(), stored),
          stored == topic.getValue());
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
