package io.github.rocketffm.testing;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.util.concurrent.CountDownLatch;

/** Ends as its argument says, with sends in flight and a consumer that nobody closed. */
public final class ExitProgram {
  public static final int CODE = 7;
  private static final int COUNT = 300;

  private ExitProgram() {}

  public static void main(String[] arguments) throws Exception {
    MockCluster cluster = new MockCluster();
    cluster.createTopic("orders", 4);
    Producer producer = Producer.builder("senders").nameServers(cluster.nameServers()).start();
    CountDownLatch consumed = new CountDownLatch(1);
    PushConsumer.builder("billing")
        .nameServers(cluster.nameServers())
        .consumeFrom(ConsumeFrom.firstOffset())
        .subscribe("orders", FilterExpression.all())
        .listener(
            message -> {
              consumed.countDown();
              return ConsumeResult.SUCCESS;
            })
        .start();
    producer.send(Message.builder("orders").body("first").build());
    consumed.await();
    // The ends of these come while the virtual machine ends, and each after another.
    for (int i = 0; i < COUNT; i++) {
      cluster.inject(MockCluster.BROKER, MockCluster.SEND, MockCluster.Fault.DELAY, 1, 0, i % 100);
      producer.sendAsync(Message.builder("orders").body("in flight").build());
    }
    switch (arguments[0]) {
      case "return" -> System.out.println("READY");
      case "exit" -> System.exit(CODE);
      default -> {
        System.out.println("READY");
        new CountDownLatch(1).await();
      }
    }
  }
}
