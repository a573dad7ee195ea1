package io.github.rocketffm.guide;

import io.github.rocketffm.Message;
import io.github.rocketffm.MessageSplitter;
import io.github.rocketffm.Producer;
import io.github.rocketffm.SendResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Many small messages in few requests: batches of one's own, and batches that the producer makes. */
public final class BatchExample {
  public static void main(String[] arguments) {
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      messages.add(Message.builder("metrics").body("value " + i).build());
    }
    Set<String> ids = new HashSet<>();
    try (var producer = Producer.builder("metrics-service").nameServers(arguments[0]).start()) {
      // Each batch is stored as a whole or not at all; each message has a result of its own.
      for (List<Message> batch : new MessageSplitter(64 * 1024).split(messages)) {
        List<SendResult> results = producer.send(batch);
        results.forEach(result -> ids.add(result.messageId()));
        System.out.println(results.size() + " are in " + results.getFirst().queue());
      }
    }
    try (var producer =
        Producer.builder("metrics-service")
            .nameServers(arguments[0])
            .autoBatch(Duration.ofMillis(2))
            .start()) {
      List<CompletableFuture<SendResult>> sends = new ArrayList<>();
      for (Message message : messages) {
        sends.add(producer.sendAsync(message));
      }
      sends.forEach(send -> ids.add(send.join().messageId()));
    }
    if (ids.size() != 2 * messages.size()) {
      throw new IllegalStateException(ids.size() + " ids");
    }
  }
}
