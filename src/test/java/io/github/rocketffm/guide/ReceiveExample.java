package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A member of a consumer group that takes two tags of a topic; what fails comes again later. */
public final class ReceiveExample {
  public static void main(String[] arguments) throws Exception {
    CountDownLatch paid = new CountDownLatch(1);
    try (var consumer =
            PushConsumer.builder("billing")
                .nameServers(arguments[0])
                .subscribe("invoices", FilterExpression.tags("created", "paid"))
                .consumeFrom(ConsumeFrom.firstOffset())
                .listener(
                    message -> {
                      if (message.reconsumeTimes() == 0) {
                        // Not now: the broker delivers it again, after its delay level 1.
                        return ConsumeResult.retryAfterLevel(1);
                      }
                      paid.countDown();
                      return ConsumeResult.SUCCESS;
                    })
                .start();
        var producer = Producer.builder("shop").nameServers(arguments[0]).start()) {
      producer.send(Message.builder("invoices").tag("paid").body("order 42").build());
      if (!paid.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nothing came: " + consumer.statistics());
      }
      consumer.close(Duration.ofSeconds(5));
    }
  }
}
