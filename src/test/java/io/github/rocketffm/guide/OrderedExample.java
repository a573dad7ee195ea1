package io.github.rocketffm.guide;

import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.QueueSelector;
import java.util.List;

/** Messages that belong together go to one queue, where they stay in order. */
public final class OrderedExample {
  public static void main(String[] arguments) {
    try (var producer = Producer.builder("order-service").nameServers(arguments[0]).start()) {
      // The same key, the same queue: as Apache's SelectMessageQueueByHash chooses.
      for (String event : List.of("created", "paid", "shipped")) {
        producer.send(Message.builder("order-events").shardingKey("order-42").body(event).build());
      }
      // A rule of one's own.
      QueueSelector byRegion =
          (message, queues) -> queues.get(message.topic().length() % queues.size());
      producer.send(Message.builder("order-events").body("audit").build(), byRegion);
      // A queue by name.
      MessageQueue first = producer.queues("order-events").getFirst();
      producer.send(Message.builder("order-events").queue(first).body("audit").build());
    }
  }
}
