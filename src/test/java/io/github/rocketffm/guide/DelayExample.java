package io.github.rocketffm.guide;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.SendResult;
import java.time.Duration;

/** Messages that come later, and one that is taken back before it does. */
public final class DelayExample {
  public static void main(String[] arguments) {
    try (var producer = Producer.builder("billing").nameServers(arguments[0]).start()) {
      // By one of the broker's levels: 3 is 10 seconds, as RocketMQ ships.
      producer.send(Message.builder("reminders").delayLevel(3).body("soon").build());
      // At any time within the broker's limit, 3 days as RocketMQ ships.
      SendResult reminder =
          producer.send(
              Message.builder("reminders")
                  .deliverAfter(Duration.ofHours(1))
                  .body("the invoice is due")
                  .build());
      // The invoice was paid. The broker allows it with recallMessageEnable=true.
      producer.recall("reminders", reminder.recallHandle().orElseThrow());
    }
  }
}
