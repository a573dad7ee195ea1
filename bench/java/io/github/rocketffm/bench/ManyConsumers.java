package io.github.rocketffm.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Consumers in one process, each of a group of its own, which stay until the process ends. */
final class ManyConsumers {
  private static final int STARTING_THREADS = 16;
  private static final int PATIENCE_SECONDS = 150;

  private final BenchClient client;
  private final List<AutoCloseable> consumers = new ArrayList<>();

  ManyConsumers(BenchClient client) {
    this.client = client;
  }

  /** Starts so many more, and waits until each of them has had a message. */
  String start(String topic, int count) throws Exception {
    CountDownLatch waiting = new CountDownLatch(count);
    long begin = System.nanoTime();
    List<Future<AutoCloseable>> starting = new ArrayList<>();
    double startedMillis;
    try (ExecutorService executor = Executors.newFixedThreadPool(STARTING_THREADS)) {
      for (int i = 0; i < count; i++) {
        String group = "bench-scale-" + (consumers.size() + i);
        starting.add(
            executor.submit(() -> client.consume(group, topic, true, 1, new First(waiting))));
      }
      for (Future<AutoCloseable> consumer : starting) {
        consumers.add(consumer.get());
      }
      startedMillis = (System.nanoTime() - begin) / 1e6;
    }
    boolean all = waiting.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    double firstMillis = (System.nanoTime() - begin) / 1e6;
    if (!all) {
      throw new IllegalStateException(
          waiting.getCount() + " of " + count + " consumers have no message yet");
    }
    return "{\"started_ms\":" + startedMillis + ",\"first_ms\":" + firstMillis + "}";
  }

  /** What the process uses of one core while nothing is sent; what it holds, collected before. */
  String rest(int seconds) throws Exception {
    double cpu = Measurement.cpuSeconds();
    long begin = System.nanoTime();
    TimeUnit.SECONDS.sleep(seconds);
    double used = Measurement.cpuSeconds() - cpu;
    double percent = used / ((System.nanoTime() - begin) / 1e9) * 100;
    System.gc();
    return "{\"cpu_percent\":"
        + percent
        + ","
        + Measurement.threads(client::isOwnThread)
        + ",\"rss_kb\":"
        + Measurement.residentKilobytes()
        + "}";
  }

  /** Of one consumer. */
  private static final class First implements BenchClient.Listener {
    private final CountDownLatch waiting;
    private final AtomicBoolean had = new AtomicBoolean();

    First(CountDownLatch waiting) {
      this.waiting = waiting;
    }

    @Override
    public void batch(int count) {
      if (had.compareAndSet(false, true)) {
        waiting.countDown();
      }
    }
  }
}
