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
      try {
        SendResult sent = producer.send(message);
        System.out.println(sent.messageId() + " is in " + sent.queue());
      } catch (RocketMqException e) {
        // One deadline for all attempts. After TIMEOUT and CONNECTION_LOST it may be stored all the
        // same.
        System.err.println(e.kind() + " after " + e.attempts() + " attempts: " + e.getMessage());
        throw e;
      }
      CompletableFuture<SendResult> later = producer.sendAsync(message);
      later.thenAccept(sent -> System.out.println("acknowledged: " + sent.messageId())).join();
      producer.sendOneWay(message);
    }
  }
}
