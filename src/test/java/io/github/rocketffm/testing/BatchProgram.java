package io.github.rocketffm.testing;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.MockCluster.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

/** Sends many batches, and receives many times. */
public final class BatchProgram {
  private static final int BATCHES = 1000;
  private static final int SEND_BATCH = 320;

  private BatchProgram() {}

  public static void main(String[] arguments) {
    try (MockCluster cluster = new MockCluster()) {
      // Which would keep a million messages.
      cluster.inject(MockCluster.BROKER, SEND_BATCH, Fault.RESPOND, -1, 13, 0);
      send(cluster);
      receive(cluster);
    }
    System.out.println("READY");
  }

  private static void send(MockCluster cluster) {
    List<Message> batch = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      batch.add(
          Message.builder("orders")
              .tag("t")
              .key("k" + i)
              .property("a", "b")
              .body("message " + i)
              .build());
    }
    int refused = 0;
    try (Producer producer = Producer.builder("group").nameServers(cluster.nameServers()).start()) {
      for (int i = 0; i < BATCHES; i++) {
        try {
          if (i % 2 == 0) {
            producer.send(batch);
          } else {
            producer.sendAsync(batch).join();
          }
        } catch (RequestRejectedException e) {
          refused++;
        } catch (CompletionException e) {
          refused += e.getCause() instanceof RequestRejectedException ? 1 : 0;
        }
      }
    }
    require(refused == BATCHES, refused + " of " + BATCHES + " batches came to the broker");
  }

  private static void receive(MockCluster cluster) {
    cluster.createTopic("received", 1);
    int received = 0;
    try (SimpleConsumer consumer =
        SimpleConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("received", FilterExpression.all())
            .awaitDuration(Duration.ofSeconds(10))
            .start()) {
      for (int i = 0; i < 2000; i++) {
        cluster.put("received", 0, "m".repeat(1000));
        for (ReceivedMessage message : consumer.receive(16, Duration.ofMinutes(10))) {
          received++;
          consumer.ack(message);
        }
      }
    }
    require(received == 2000, "received " + received);
  }

  private static void require(boolean fulfilled, String what) {
    if (!fulfilled) {
      throw new AssertionError(what);
    }
  }
}
