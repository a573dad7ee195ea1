package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Lets the brokers choose the messages by their properties. */
public final class SqlFilterExample {
  private SqlFilterExample() {}

  public static void main(String[] arguments) throws Exception {
    var received = new ConcurrentLinkedQueue<String>();
    var both = new CountDownLatch(2);
    try (var producer = Producer.builder("guide-producers").nameServers(arguments[0]).start()) {
      for (int price : new int[] {5, 15, 25}) {
        producer.send(
            Message.builder("guide-sql")
                .property("price", Integer.toString(price))
                .body("costs " + price)
                .build());
      }
    }
    // A condition that the broker does not understand would fail the start, with the broker's
    // words.
    try (var consumer =
        PushConsumer.builder("guide-sql-consumers")
            .nameServers(arguments[0])
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("guide-sql", FilterExpression.sql("price > 10"))
            .listener(
                message -> {
                  received.add(message.bodyAsString());
                  both.countDown();
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      if (!both.await(60, TimeUnit.SECONDS)
          || !received.containsAll(List.of("costs 15", "costs 25"))) {
        throw new IllegalStateException("received only " + received);
      }
    }
  }
}
