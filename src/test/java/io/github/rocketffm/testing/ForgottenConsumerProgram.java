package io.github.rocketffm.testing;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.PushConsumer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Has a consumer to which nothing refers, and tells what that receives. */
public final class ForgottenConsumerProgram {
  private static final int COUNT = 5;

  private ForgottenConsumerProgram() {}

  private static void start(MockCluster cluster, Consumer<String> received) {
    PushConsumer.builder("forgotten")
        .nameServers(cluster.nameServers())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe("orders", FilterExpression.all())
        .listener(
            message -> {
              received.accept(message.bodyAsString());
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  public static void main(String[] arguments) throws Exception {
    MockCluster cluster = new MockCluster();
    cluster.createTopic("orders", 1);
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    start(cluster, received::add);
    StringBuilder text = new StringBuilder("received");
    for (int i = 0; i < COUNT; i++) {
      System.gc();
      cluster.put("orders", 0, "m" + i);
      text.append(' ').append(received.poll(30, TimeUnit.SECONDS));
    }
    System.out.println(text);
  }
}
