package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.SendResult;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Messages that come later, and one that is taken back before it does. */
public final class DelayExample {
  public static void main(String[] arguments) throws Exception {
    try (var producer = Producer.builder("billing").nameServers(arguments[0]).start()) {
      // By one of the broker's levels: 1 is one second, as RocketMQ ships.
      producer.send(Message.builder("reminders").delayLevel(1).body("soon").build());
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
    var waits = new LinkedBlockingQueue<Duration>();
    try (var consumer =
        PushConsumer.builder("reminder-readers")
            .nameServers(arguments[0])
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("reminders", FilterExpression.all())
            .listener(
                message -> {
                  waits.add(Duration.between(message.bornTimestamp(), Instant.now()));
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      Duration wait = waits.poll(60, TimeUnit.SECONDS);
      if (wait == null || wait.toMillis() < 1000) {
        throw new IllegalStateException("after " + wait + ": " + consumer.statistics());
      }
    }
  }
}
