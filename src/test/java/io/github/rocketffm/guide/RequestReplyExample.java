package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import java.time.Duration;

/** Asks for a price, and waits for the answer. */
public final class RequestReplyExample {
  public static void main(String[] arguments) throws Exception {
    try (Producer answers = Producer.builder("prices").nameServers(arguments[0]).start();
        PushConsumer service =
            PushConsumer.builder("price-service")
                .nameServers(arguments[0])
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("price-requests", FilterExpression.all())
                .listener(
                    request -> {
                      String price = request.bodyAsString().equals("tea") ? "3.20" : "unknown";
                      answers.send(Message.replyTo(request).body(price).build());
                      return ConsumeResult.SUCCESS;
                    })
                .start();
        Producer shop = Producer.builder("shop").nameServers(arguments[0]).start()) {
      Message question = Message.builder("price-requests").body("tea").build();
      // A new topic reaches the consumer with its next look at the routes.
      ReceivedMessage reply = shop.request(question, Duration.ofSeconds(60));
      if (!reply.bodyAsString().equals("3.20")) {
        throw new IllegalStateException("the price of tea is " + reply.bodyAsString());
      }
      shop.requestAsync(question, Duration.ofSeconds(20))
          .thenAccept(later -> System.out.println("tea is " + later.bodyAsString()))
          .join();
    }
  }
}
