package io.github.rocketffm.quickstart;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMq;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.testing.RocketMqServer;
import io.github.rocketffm.testing.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Sends 10,000 messages of 1 KB, half of them synchronously, and receives them; prints what that took. */
public final class QuickStart {
  private static final int COUNT = 10_000;
  private static final int BODY = 1024;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String topic =
      "quickstart-" + ProcessHandle.current().pid() + "-" + System.nanoTime() % 100_000;
  private final long[] sentAt = new long[COUNT];
  private final long[] publishNanos = new long[COUNT];
  private final long[] subscribeNanos = new long[COUNT];
  private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
  private final Set<String> received = ConcurrentHashMap.newKeySet();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger receivedCount = new AtomicInteger();
  private final AtomicInteger duplicates = new AtomicInteger();
  private final AtomicLong lastReceived = new AtomicLong();

  public static void main(String[] arguments) throws Exception {
    String existing = System.getenv("ROCKETMQ_NAMESRV_ADDR");
    boolean own = existing == null || existing.isBlank();
    System.exit(own ? onPrivateServer() : onCluster(existing));
  }

  private static int onPrivateServer() throws InterruptedException {
    System.out.println("== starting a private name server and broker");
    try (RocketMqServer server = RocketMqServer.start(Path.of("target/quickstart"))) {
      int status = new QuickStart().run(server.nameServerAddress());
      whatNext(
          "RocketMQ "
              + ServerProcess.version()
              + ", name server "
              + server.nameServerAddress()
              + ", broker "
              + server.brokerAddress()
              + " (both end now)");
      return status;
    } catch (RocketMqException | IllegalStateException | IOException e) {
      return failure(
          e, "What the servers printed, if they were started, is below target/quickstart.");
    }
  }

  private static int onCluster(String nameServers) throws InterruptedException {
    System.out.println("== using the cluster of " + nameServers);
    try {
      int status = new QuickStart().run(nameServers);
      whatNext("name servers " + nameServers);
      return status;
    } catch (RocketMqException e) {
      return failure(
          e,
          "Is ROCKETMQ_NAMESRV_ADDR right? It is host:port of a name server, several joined by ';'.");
    }
  }

  private static int failure(Exception e, String advice) {
    System.err.println("\nThe quick start failed: " + e.getMessage() + "\n" + advice);
    return 1;
  }

  private static void whatNext(String servers) {
    System.out.printf(
        """

        client %s, librocketmq %s, Java %s; %s

        Next: README.md has a first program, docs/guide.md one for each feature,
        docs/running.md what Maven and Gradle need. ./dev bench --quick measures beside
        Apache's Java client; ROCKETMQ_NAMESRV_ADDR=host:9876 ./dev quickstart tries your cluster.
        """,
        RocketMq.version(), RocketMq.nativeVersion(), Runtime.version(), servers);
  }

  private int run(String nameServers) throws InterruptedException {
    System.out.println("== " + COUNT + " messages of " + BODY + " bytes to " + topic);
    long begin;
    long published;
    try (Producer producer =
        Producer.builder("quickstart")
            .nameServers(nameServers.split(";"))
            .sendTimeout(Duration.ofSeconds(10))
            .maxInFlight(1024)
            .blockWhenFull(true)
            .start()) {
      // Creates the topic, so that the consumer finds it.
      producer.send(message(-1));
      try (PushConsumer consumer =
          PushConsumer.builder("quickstart-" + topic)
              .nameServers(nameServers.split(";"))
              .consumeFrom(ConsumeFrom.firstOffset())
              .subscribe(topic, FilterExpression.all())
              .listener(this::receive)
              .start()) {
        begin = System.nanoTime();
        publish(producer);
        while (acknowledged.size() + failed.get() < COUNT) {
          Thread.sleep(1);
        }
        published = System.nanoTime();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!received.containsAll(acknowledged) && System.nanoTime() < deadline) {
          progress("received", receivedCount.get());
          Thread.sleep(20);
        }
        progress("received", receivedCount.get());
        System.out.println();
      }
    }
    return report(begin, published);
  }

  private Message message(int index) {
    byte[] body = new byte[BODY];
    byte[] number = Integer.toString(index).getBytes();
    System.arraycopy(number, 0, body, 0, number.length);
    return Message.builder(topic)
        .tag("quickstart")
        .property("index", Integer.toString(index))
        .body(body)
        .build();
  }

  private void publish(Producer producer) {
    for (int i = 0; i < COUNT; i++) {
      int index = i;
      sentAt[i] = System.nanoTime();
      if (i < COUNT / 2) {
        try {
          acknowledge(index, producer.send(message(index)));
        } catch (RuntimeException e) {
          fail(e);
        }
      } else {
        producer
            .sendAsync(message(index))
            .whenComplete(
                (result, e) -> {
                  if (e == null) {
                    acknowledge(index, result);
                  } else {
                    fail(e);
                  }
                });
      }
      if (i % 100 == 99) {
        progress("sent", i + 1);
      }
    }
    System.out.println();
  }

  private void acknowledge(int index, SendResult result) {
    publishNanos[index] = System.nanoTime() - sentAt[index];
    acknowledged.add(result.messageId());
  }

  private void fail(Throwable e) {
    if (failed.incrementAndGet() <= 3) {
      System.err.println("\nA send failed: " + e.getMessage());
    }
  }

  private ConsumeResult receive(ReceivedMessage message) {
    int index = Integer.parseInt(message.property("index").orElseThrow());
    if (index < 0) {
      return ConsumeResult.SUCCESS;
    }
    long at = System.nanoTime();
    if (received.add(message.messageId())) {
      subscribeNanos[index] = at - sentAt[index];
      receivedCount.incrementAndGet();
      lastReceived.accumulateAndGet(at, Math::max);
    } else {
      duplicates.incrementAndGet();
    }
    return ConsumeResult.SUCCESS;
  }

  private static void progress(String what, int done) {
    int width = 40;
    int filled = (int) ((long) done * width / COUNT);
    if (System.console() != null && System.console().isTerminal()) {
      System.out.printf(
          "\r%-9s [%s%s] %6d", what, "#".repeat(filled), " ".repeat(width - filled), done);
    } else if (done % 2500 == 0 && done > 0) {
      System.out.printf("%s %d%n", what, done);
    }
  }

  private int report(long begin, long published) {
    int lost = 0;
    for (String id : acknowledged) {
      lost += received.contains(id) ? 0 : 1;
    }
    System.out.println();
    row("sent", COUNT);
    row("acknowledged", acknowledged.size());
    row("received", receivedCount.get());
    row("lost", lost);
    row("duplicates", duplicates.get());
    latencies("publish latency, synchronous", Arrays.copyOfRange(publishNanos, 0, COUNT / 2));
    latencies("send to listener, synchronous", Arrays.copyOfRange(subscribeNanos, 0, COUNT / 2));
    latencies("publish latency, asynchronous", Arrays.copyOfRange(publishNanos, COUNT / 2, COUNT));
    latencies(
        "send to listener, asynchronous", Arrays.copyOfRange(subscribeNanos, COUNT / 2, COUNT));
    row("messages/s published", (int) (acknowledged.size() / ((published - begin) / 1e9)));
    row(
        "messages/s received",
        (int) (receivedCount.get() / (Math.max(1, lastReceived.get() - begin) / 1e9)));
    return lost == 0 && failed.get() == 0 ? 0 : 1;
  }

  private static void row(String name, int value) {
    System.out.printf("%-32s %,d%n", name, value);
  }

  private static void latencies(String name, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf(
        "%-32s p50 %.2f ms   p99 %.2f ms   max %.2f ms%n",
        name,
        nanos[nanos.length / 2] / 1e6,
        nanos[nanos.length * 99 / 100] / 1e6,
        nanos[nanos.length - 1] / 1e6);
  }
}
