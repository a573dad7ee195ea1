package io.github.rocketffm.guide;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The three ways to send one message, and what a failure tells. */
public final class SendExample {
  public static void main(String[] arguments) {
    try (var producer =
        Producer.builder("order-service")
            .nameServers(arguments[0])
            .sendTimeout(Duration.ofSeconds(3))
            .start()) {
      Message message = Message.builder("orders").tag("created").key("42").body("hello").build();
      SendResult sent;
      try {
        sent = producer.send(message);
      } catch (RocketMqException e) {
        // One deadline for all attempts. Sent again, what may be stored may be there twice.
        String stored = e.mayBeStored() ? "it may be stored" : "it is not stored";
        System.err.println(e.kind() + ", " + stored + ": " + e.getMessage());
        throw e;
      }
      System.out.println(sent.messageId() + " is in " + sent.queue());
      CompletableFuture<SendResult> later = producer.sendAsync(message);
      later.thenAccept(it -> System.out.println("acknowledged: " + it.messageId())).join();
      // The same message, sent again, is another one.
      if (later.join().messageId().equals(sent.messageId())) {
        throw new IllegalStateException("twice " + sent.messageId());
      }
      producer.sendOneWay(message);
    }
  }
}
