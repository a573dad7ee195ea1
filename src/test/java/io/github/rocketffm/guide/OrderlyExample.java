package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The steps of an order, consumed in the order in which they were sent. */
public final class OrderlyExample {
  public static void main(String[] arguments) throws Exception {
    List<String> steps = List.of("created", "paid", "shipped");
    List<String> seen = new CopyOnWriteArrayList<>();
    CountDownLatch left = new CountDownLatch(steps.size());
    try (Producer producer = Producer.builder("shop").nameServers(arguments[0]).start()) {
      for (String step : steps) {
        // The same sharding key, the same queue.
        producer.send(Message.builder("order-steps").shardingKey("order-42").body(step).build());
      }
    }
    try (PushConsumer consumer =
        PushConsumer.builder("order-book")
            .nameServers(arguments[0])
            .consumeFrom(ConsumeFrom.firstOffset())
            .orderly()
            .subscribe("order-steps", FilterExpression.all())
            .listener(
                (ReceivedMessage message) -> {
                  if (message.bodyAsString().equals("paid") && message.reconsumeTimes() == 0) {
                    // Not yet: the queue rests, "shipped" waits behind, and "paid" comes again.
                    return ConsumeResult.suspend(Duration.ofMillis(100));
                  }
                  seen.add(message.bodyAsString());
                  left.countDown();
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      if (!left.await(60, TimeUnit.SECONDS) || !seen.equals(steps)) {
        throw new IllegalStateException("out of order: " + seen);
      }
    }
  }
}
