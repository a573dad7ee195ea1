package io.github.rocketffm.testing;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SimpleConsumer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ends as its first argument says, with sends in flight, consumers that nobody closed and a receive that waits. With a
 * second argument "slow" the exit takes its time.
 */
public final class ExitProgram {
  public static final int CODE = 7;
  private static final int COUNT = 300;
  private static final long SLOW_MILLIS = 2000;

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
    SimpleConsumer.builder("shipping")
        .nameServers(cluster.nameServers())
        .subscribe("orders", FilterExpression.tags("none"))
        .awaitDuration(Duration.ofMinutes(5))
        .start()
        .receiveAsync(1, Duration.ofMinutes(1));
    if (arguments.length > 1) {
      exitSlowly(cluster, producer);
    }
    // The ends of these come while the virtual machine ends, and each after another.
    for (int i = 0; i < COUNT; i++) {
      send(cluster, producer, i % 100);
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

  /** Ends of sends come all the while, and others are in flight when the virtual machine is gone. */
  private static void exitSlowly(MockCluster cluster, Producer producer) {
    AtomicInteger ended = new AtomicInteger();
    Thread hook =
        new Thread(
            () -> {
              long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SLOW_MILLIS);
              while (System.nanoTime() < end) {
                send(cluster, producer, 5).thenRun(ended::incrementAndGet).join();
              }
              System.out.println("ENDED AT EXIT: " + ended);
              for (int i = 0; i < COUNT; i++) {
                send(cluster, producer, i % 100);
              }
            });
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** The broker's answer comes after the delay. */
  private static CompletableFuture<SendResult> send(
      MockCluster cluster, Producer producer, int delayMillis) {
    cluster.inject(
        MockCluster.BROKER, MockCluster.SEND, MockCluster.Fault.DELAY, 1, 0, delayMillis);
    return producer.sendAsync(Message.builder("orders").body("in flight").build());
  }
}
