package io.github.rocketffm.testing;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.RocketMqException;
import java.time.Duration;

/**
 * Tells when a cluster serves. A broker says "boot success" before the name server knows its topics, and a
 * published port of a container accepts connections before a server listens behind it.
 */
public final class ClusterProbe {
  private ClusterProbe() {}

  /** Returns once a message to a new topic was stored. */
  public static void awaitServing(String nameServers, Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    try (Producer producer =
        Producer.builder("probe")
            .nameServers(nameServers)
            .instanceName("probe")
            .sendTimeout(Duration.ofSeconds(5))
            .start()) {
      for (; ; ) {
        try {
          producer.send(Message.builder("probe").body("probe").build());
          return;
        } catch (RocketMqException e) {
          if (System.nanoTime() > deadline) {
            throw new IllegalStateException("the cluster " + nameServers + " does not serve", e);
          }
          Thread.sleep(100);
        }
      }
    }
  }
}
