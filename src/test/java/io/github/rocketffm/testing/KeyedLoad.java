package io.github.rocketffm.testing;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.RocketMqException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sends messages of many keys, each key's one after the other: the next number only when the one before was
 * acknowledged, whatever outage comes between. Bodies are those of {@link KeyedRun}.
 */
public final class KeyedLoad implements AutoCloseable {
  private static final int THREADS = 4;
  private static final int KEYS_PER_THREAD = 8;

  private final Producer producer;
  private final String topic;
  private final Duration pause;
  private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  /** Begins; {@code pause} is between two messages of a thread. */
  public KeyedLoad(String nameServers, String topic, Duration pause) {
    this.topic = topic;
    this.pause = pause;
    producer =
        Producer.builder("keyed-load")
            .nameServers(nameServers)
            .sendTimeout(Duration.ofSeconds(3))
            .start();
    for (int i = 0; i < THREADS; i++) {
      int thread = i;
      threads.add(Thread.ofPlatform().name("keyed-load-" + i).start(() -> run(thread)));
    }
  }

  private void run(int thread) {
    try {
      for (int number = 0; !stopped; number++) {
        for (int key = 0; key < KEYS_PER_THREAD && !stopped; key++) {
          send("k" + (thread * KEYS_PER_THREAD + key), number);
          Thread.sleep(pause);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Also after {@link #stop}, as what may be stored must not be followed by a gap. */
  private void send(String key, int number) throws InterruptedException {
    String body = KeyedRun.body(key, number);
    Message message = Message.builder(topic).shardingKey(key).body(body).build();
    for (; ; ) {
      try {
        producer.send(message);
        acknowledged.add(body);
        return;
      } catch (RocketMqException e) {
        Thread.sleep(100);
      }
    }
  }

  /** Ends the sending; what was acknowledged is complete then. */
  public Set<String> stop() throws InterruptedException {
    stopped = true;
    for (Thread thread : threads) {
      thread.join();
    }
    return acknowledged;
  }

  @Override
  public void close() {
    stopped = true;
    threads.forEach(Thread::interrupt);
    producer.close();
  }
}
