package io.github.rocketffm.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.Producer;
import java.time.Duration;

/** Topics of a real broker. */
public final class Topics {
  private Topics() {}

  /** Creates a topic with so many queues, and waits until the name server knows it. */
  public static void create(RocketMqServer server, String topic, int queues) throws Exception {
    String count = Integer.toString(queues);
    assertThat(
            server.admin(
                "updateTopic", "-b", server.brokerAddress(), "-t", topic, "-r", count, "-w", count))
        .contains("create topic to");
    try (Producer producer =
        Producer.builder("topics").nameServers(server.nameServerAddress()).start()) {
      await()
          .atMost(Duration.ofSeconds(60))
          .ignoreExceptions()
          .until(
              () -> {
                producer.warmUp(topic);
                return true;
              });
    }
  }
}
