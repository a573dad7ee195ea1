package io.github.rocketffm.guide;

import io.github.rocketffm.ClientConfiguration;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One configuration for all producers and consumers of a cluster, which so share one client. */
public final class SharedClientExample {
  public static void main(String[] arguments) throws Exception {
    ClientConfiguration cluster =
        ClientConfiguration.builder()
            .nameServers(arguments[0])
            .requestTimeout(Duration.ofSeconds(5))
            .build();
    CountDownLatch billed = new CountDownLatch(1);
    try (PushConsumer billing =
            PushConsumer.builder("meter-billing")
                .client(cluster)
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("meter-readings", FilterExpression.all())
                .listener(
                    message -> {
                      billed.countDown();
                      return ConsumeResult.SUCCESS;
                    })
                .start();
        Producer meters =
            Producer.builder("meters")
                .client(cluster)
                // Of this producer alone.
                .sendTimeout(Duration.ofSeconds(10))
                .start()) {
      meters.send(Message.builder("meter-readings").body("42 kWh").build());
      if (!billed.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nothing came: " + billing.statistics());
      }
    }
  }
}
