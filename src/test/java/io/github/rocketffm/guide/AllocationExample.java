package io.github.rocketffm.guide;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Shares out the queues so that few of them move when consumers come and go. */
public final class AllocationExample {
  private AllocationExample() {}

  public static void main(String[] arguments) throws Exception {
    var received = new CountDownLatch(8);
    try (var producer = Producer.builder("guide-producers").nameServers(arguments[0]).start();
        var consumer =
            PushConsumer.builder("guide-hash-consumers")
                .nameServers(arguments[0])
                .consumeFrom(ConsumeFrom.firstOffset())
                // The same for all members of the group.
                .allocation(AllocationStrategy.consistentHash())
                .subscribe("guide-hash", FilterExpression.all())
                .listener(
                    message -> {
                      received.countDown();
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      for (int i = 0; i < 8; i++) {
        producer.send(Message.builder("guide-hash").body("message " + i).build());
      }
      if (!received.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException(received.getCount() + " messages are missing");
      }
    }
  }
}
