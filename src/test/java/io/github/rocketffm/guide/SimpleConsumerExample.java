package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SimpleConsumer;
import java.time.Duration;

/** Takes messages when there is time for them, and acknowledges each one. */
public final class SimpleConsumerExample {
  private SimpleConsumerExample() {}

  public static void main(String[] arguments) throws Exception {
    try (var producer = Producer.builder("guide-producers").nameServers(arguments[0]).start();
        var consumer =
            SimpleConsumer.builder("guide-simple-consumers")
                .nameServers(arguments[0])
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("guide-simple", FilterExpression.all())
                .start()) {
      for (int i = 0; i < 3; i++) {
        producer.send(Message.builder("guide-simple").body("parcel " + i).build());
      }
      int processed = 0;
      while (processed < 3) {
        // Hidden from the other members of the group for 30 s.
        for (ReceivedMessage message : consumer.receive(16, Duration.ofSeconds(30))) {
          if (message.bodyAsString().equals("parcel 1")) {
            // This one takes longer.
            consumer.changeInvisibleDuration(message, Duration.ofMinutes(5));
          }
          System.out.println(message.bodyAsString());
          consumer.ack(message);
          processed++;
        }
      }
    }
  }
}
