package io.github.rocketffm.testing;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What an application does with the library, in whatever class loader. */
public final class LoaderProgram {
  private LoaderProgram() {}

  /** Sends one message, and returns how many of it were received. */
  public static int run(String nameServers) throws Exception {
    String body = UUID.randomUUID().toString();
    CountDownLatch received = new CountDownLatch(1);
    try (Producer producer = Producer.builder("loaders").nameServers(nameServers).start();
        PushConsumer consumer =
            PushConsumer.builder("loaders-" + body)
                .nameServers(nameServers)
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("orders", FilterExpression.all())
                .listener(
                    message -> {
                      if (message.bodyAsString().equals(body)) {
                        received.countDown();
                      }
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      producer.send(Message.builder("orders").body(body).build());
      return received.await(30, TimeUnit.SECONDS) ? 1 : 0;
    }
  }
}
