package io.github.rocketffm.bench;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.testing.RocketMqServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** The private broker of a run, and what must have arrived there. */
final class Cluster implements AutoCloseable {
  private static final long ROUTE_MILLIS = 30_000;

  private final RocketMqServer server;
  private final Map<String, Long> expected = new LinkedHashMap<>();
  private volatile boolean closing;

  private Cluster(RocketMqServer server) {
    this.server = server;
  }

  /**
   * Starts the servers.
   *
   * @param onBrokerEnd is given what to tell, should the broker end before {@link #close}; on a thread of its own
   */
  static Cluster start(Path folder, Consumer<String> onBrokerEnd)
      throws IOException, InterruptedException {
    Cluster cluster = new Cluster(RocketMqServer.start(folder));
    cluster
        .server
        .brokerEnd()
        .thenAccept(
            process -> {
              if (!cluster.closing) {
                onBrokerEnd.accept(
                    "the broker ended during the run, with exit code "
                        + process.exitValue()
                        + "; its log is "
                        + cluster.server.brokerLog());
              }
            });
    return cluster;
  }

  String nameServer() {
    return server.nameServerAddress();
  }

  /** A new topic with 4 queues, which the name server knows on return. */
  String createTopic(String name) throws IOException, InterruptedException {
    sendOne(name);
    long deadline = System.currentTimeMillis() + ROUTE_MILLIS;
    while (!BrokerProbe.hasRoute(nameServer(), name)) {
      if (System.currentTimeMillis() > deadline) {
        throw new IOException("the name server does not learn of the topic " + name);
      }
      Thread.sleep(20);
    }
    return name;
  }

  /** One message to one of a topic's queues. */
  void sendOne(String topic) {
    try (Producer producer =
        Producer.builder("bench-topics")
            .nameServers(nameServer())
            .sendTimeout(Duration.ofSeconds(10))
            .start()) {
      producer.send(Message.builder(topic).body("one").build());
    }
    expected.merge(topic, 1L, Long::sum);
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
    closing = true;
    server.close();
  }
}
