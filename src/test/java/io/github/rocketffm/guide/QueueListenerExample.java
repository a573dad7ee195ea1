package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Learns which queues a consumer has, and holds its messages back for a while. */
public final class QueueListenerExample {
  public static void main(String[] arguments) throws Exception {
    CountDownLatch ready = new CountDownLatch(1);
    CountDownLatch consumed = new CountDownLatch(1);
    try (Producer producer = Producer.builder("meters").nameServers(arguments[0]).start()) {
      producer.send(Message.builder("readings").body("230 V").build());
    }
    try (PushConsumer consumer =
        PushConsumer.builder("grid")
            .nameServers(arguments[0])
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("readings", FilterExpression.all())
            .queueListener(
                (topic, queues) -> {
                  System.out.println(topic + ": " + queues);
                  ready.countDown();
                })
            .listener(
                message -> {
                  consumed.countDown();
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      if (!ready.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("no queue: " + consumer.statistics());
      }
      consumer.suspend();
      // Nothing is given out now, while a downstream system is away, say.
      consumer.resume();
      if (!consumed.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nothing consumed: " + consumer.statistics());
      }
    }
  }
}
