package io.github.rocketffm.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.TransactionState;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/**
 * Fills its heap while the library has something to tell, of the kind that its argument names, and gives the heap back.
 * It prints COMPLETE and ends with 0 where everything was told.
 */
public final class FullHeapProgram {
  private static final int COUNT = 500;
  private static final int DELAY_MILLIS = 600;
  private static final long FULL_MILLIS = 1500;
  private static final Duration LONG = Duration.ofSeconds(60);

  private final MockCluster cluster = new MockCluster();
  private final CountDownLatch told = new CountDownLatch(COUNT);
  private final AtomicInteger wrong = new AtomicInteger();

  private FullHeapProgram() {
    cluster.createTopic("orders", 4);
  }

  public static void main(String[] arguments) throws Exception {
    // The class is there before the heap is full, when it could not be made ready, then or later.
    LockSupport.parkNanos(1);
    FullHeapProgram program = new FullHeapProgram();
    switch (arguments[0]) {
      case "completions" -> program.completions();
      case "messages" -> program.messages();
      case "checks" -> program.checks();
      case "replies" -> program.replies();
      case "log" -> program.log();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    System.out.println("COMPLETE");
    System.exit(0);
  }

  /** Whatever can be had, until the time is over; what others free meanwhile, too. */
  private static void fillHeap() {
    long end = System.nanoTime() + FULL_MILLIS * 1_000_000;
    while (System.nanoTime() < end) {
      try {
        fillHeapUntil(end);
      } catch (OutOfMemoryError e) {
        // Compiled code that goes back to interpreted code may throw it past the handler inside.
      }
    }
  }

  private static void fillHeapUntil(long end) {
    Object[] kept = null;
    int size = 1 << 20;
    while (System.nanoTime() < end) {
      try {
        if (size == 0) {
          size = 16;
          LockSupport.parkNanos(1_000_000);
        }
        kept = new Object[] {kept, new byte[size]};
      } catch (OutOfMemoryError e) {
        // Down to nothing, and then again the smallest, after a pause.
        size = size <= 16 ? 0 : size / 2;
      }
    }
  }

  private void awaitAll(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(LONG.toSeconds(), TimeUnit.SECONDS)) {
      System.out.println("LOST " + latch.getCount());
      System.exit(3);
    }
    if (wrong.get() > 0) {
      System.out.println("WRONG " + wrong);
      System.exit(4);
    }
  }

  private ProducerBuilder producer() {
    return Producer.builder("senders").nameServers(cluster.nameServers()).sendTimeout(LONG);
  }

  private void completions() throws Exception {
    try (Producer producer = producer().start()) {
      producer.send(Message.builder("orders").body("first").build());
      sendLate(producer);
      fillHeap();
      awaitAll(told);
    }
  }

  private void sendLate(Producer producer) {
    cluster.inject(
        MockCluster.BROKER, MockCluster.SEND, MockCluster.Fault.DELAY, COUNT, 0, DELAY_MILLIS);
    for (int i = 0; i < COUNT; i++) {
      producer
          .sendAsync(Message.builder("orders").body("late").build())
          .whenComplete(
              (result, failure) -> {
                if (failure != null) {
                  wrong.incrementAndGet();
                }
                told.countDown();
              });
    }
  }

  private void messages() throws Exception {
    for (int i = 0; i < COUNT; i++) {
      cluster.put("orders", i % 4, "message " + i);
    }
    cluster.inject(
        MockCluster.BROKER, MockCluster.PULL, MockCluster.Fault.DELAY, 100, 0, DELAY_MILLIS);
    try (PushConsumer consumer =
        PushConsumer.builder("billing")
            .nameServers(cluster.nameServers())
            .consumeFrom(ConsumeFrom.firstOffset())
            .subscribe("orders", FilterExpression.all())
            .listener(
                message -> {
                  told.countDown();
                  return ConsumeResult.SUCCESS;
                })
            .start()) {
      // The pulls are on their way, and come late.
      while (cluster.requests(MockCluster.BROKER, MockCluster.PULL) == 0) {
        Thread.onSpinWait();
      }
      fillHeap();
      awaitAll(told);
      while (consumer.statistics().outstandingBatches() > 0) {
        Thread.onSpinWait();
      }
    }
  }

  private void checks() throws Exception {
    int count = 50;
    CountDownLatch asked = new CountDownLatch(count);
    Thread asking = null;
    try (Producer producer =
        producer()
            .heartbeatInterval(Duration.ofMillis(100))
            .transactionChecker(
                message -> {
                  asked.countDown();
                  return TransactionState.COMMIT;
                })
            .start()) {
      for (int i = 0; i < count; i++) {
        producer.begin(Message.builder("orders").body("half").build());
      }
      asking =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    while (asked.getCount() > 0) {
                      try {
                        LockSupport.parkNanos(20_000_000);
                        cluster.checkTransactions();
                      } catch (Throwable e) {
                        // Without memory it asks again, and must not end.
                      }
                    }
                  });
      fillHeap();
      awaitAll(asked);
      asking.join();
    }
  }

  private void replies() throws Exception {
    cluster.createTopic("mock_REPLY_TOPIC", 1);
    try (Producer producer = producer().start()) {
      for (int i = 0; i < COUNT; i++) {
        producer
            .requestAsync(
                Message.builder("orders").body("nobody answers").build(),
                Duration.ofMillis(DELAY_MILLIS))
            .whenComplete(
                (reply, failure) -> {
                  if (!(failure instanceof RocketMqException e) || e.kind() != ErrorKind.TIMEOUT) {
                    wrong.incrementAndGet();
                  }
                  told.countDown();
                });
      }
      fillHeap();
      awaitAll(told);
    }
  }

  /** Each send writes records of the lowest level. */
  private void log() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger("io.github.rocketffm.native");
    logger.setLevel(Level.TRACE);
    logger.setAdditive(false);
    CountingAppender records = new CountingAppender();
    records.start();
    logger.addAppender(records);
    try (Producer producer = producer().start()) {
      sendLate(producer);
      fillHeap();
      awaitAll(told);
    }
    if (records.count.get() == 0) {
      System.out.println("NO RECORDS");
      System.exit(5);
    }
  }
}
