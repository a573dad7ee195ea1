package io.github.rocketffm.guide;

import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.QueueSelector;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Messages that belong together go to one queue, where they stay in order. */
public final class OrderedExample {
  public static void main(String[] arguments) {
    try (var producer = Producer.builder("order-service").nameServers(arguments[0]).start()) {
      // The same key, the same queue: as Apache's SelectMessageQueueByHash chooses.
      Set<MessageQueue> queues = new HashSet<>();
      for (String event : List.of("created", "paid", "shipped")) {
        Message message =
            Message.builder("order-events").shardingKey("order-42").body(event).build();
        queues.add(producer.send(message).queue());
      }
      if (queues.size() != 1) {
        throw new IllegalStateException("one key is in several queues: " + queues);
      }
      // A rule of one's own.
      QueueSelector byRegion = (message, all) -> all.get(message.topic().length() % all.size());
      producer.send(Message.builder("order-events").body("audit").build(), byRegion);
      // A queue by name.
      MessageQueue first = producer.queues("order-events").getFirst();
      Message audit = Message.builder("order-events").queue(first).body("audit").build();
      if (!producer.send(audit).queue().equals(first)) {
        throw new IllegalStateException("not in " + first);
      }
    }
  }
}
