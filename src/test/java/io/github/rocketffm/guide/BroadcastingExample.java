package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Every member of a group drops its cache when it is told to. */
public final class BroadcastingExample {
  private static PushConsumer member(
      String nameServers, String name, Path offsets, CountDownLatch told) {
    return PushConsumer.builder("caches")
        .nameServers(nameServers)
        // Tells the members of one host apart, and finds each one's offsets again after a restart.
        .instanceName(name)
        .offsetDirectory(offsets)
        .consumeFrom(ConsumeFrom.firstOffset())
        .broadcasting()
        .subscribe("cache-resets", FilterExpression.all())
        .listener(
            message -> {
              told.countDown();
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  public static void main(String[] arguments) throws Exception {
    Path offsets = Files.createTempDirectory("offsets");
    CountDownLatch told = new CountDownLatch(2);
    try (Producer producer = Producer.builder("admin").nameServers(arguments[0]).start()) {
      producer.send(Message.builder("cache-resets").body("reset").build());
      try (PushConsumer first = member(arguments[0], "first", offsets, told);
          PushConsumer second = member(arguments[0], "second", offsets, told)) {
        if (!told.await(60, TimeUnit.SECONDS)) {
          throw new IllegalStateException(first.statistics() + ", " + second.statistics());
        }
      }
    }
  }
}
