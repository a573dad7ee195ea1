package io.github.rocketffm.faults;

import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.KeyedRun;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Sends messages of all {@link Kind}s at a steady rate, whatever becomes of them: those that are slow hold up nobody
 * but, for the orderly kind, what follows them with the same key.
 */
final class Load implements AutoCloseable {
  static final Duration TIMEOUT = Duration.ofSeconds(3);
  static final String PROBE = "probe-";

  /** One letter each: by their hash they reach all of up to 16 queues. */
  private static final int KEYS = 16;

  private static final Duration KEY_PAUSE = Duration.ofMillis(500);

  /** Sends one message, and returns when its end is known. */
  private interface Send {
    void one(String body);
  }

  private final Ledger ledger;
  private final Producer producer;
  private final Producer transactions;
  private final Map<String, TransactionState> decisions = new ConcurrentHashMap<>();
  private final ExecutorService platform = Executors.newCachedThreadPool();
  private final ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  Load(String[] nameServers, Ledger ledger, int bigBodyBytes) {
    this.ledger = ledger;
    producer =
        Producer.builder("faults-producers").nameServers(nameServers).sendTimeout(TIMEOUT).start();
    transactions =
        Producer.builder("faults-transactions")
            .nameServers(nameServers)
            .instanceName("transactions")
            .sendTimeout(TIMEOUT)
            .transactionChecker(
                message -> decisions.getOrDefault(message.bodyAsString(), TransactionState.UNKNOWN))
            .start();
    Track push = ledger.of(Kind.PUSH);
    Track simple = ledger.of(Kind.SIMPLE);
    every(40, "async", body -> sendAsync(push, body));
    every(80, "sync", body -> platform.execute(() -> send(push, body, "")));
    every(80, "virtual", body -> virtual.execute(() -> send(push, body, "")));
    every(80, "simple", body -> sendAsync(simple, body));
    every(160, "simple-sync", body -> virtual.execute(() -> send(simple, body, "")));
    every(65, "transaction", body -> virtual.execute(() -> transact(body)));
    if (bigBodyBytes > 0) {
      String padding = " " + "x".repeat(bigBodyBytes);
      every(500, "big", body -> virtual.execute(() -> send(push, body, padding)));
    }
    for (int i = 0; i < KEYS; i++) {
      String key = String.valueOf((char) ('a' + i));
      threads.add(Thread.ofVirtual().name("faults-" + key).start(() -> sendOrdered(key)));
    }
  }

  private void every(int millis, String key, Send send) {
    threads.add(
        Thread.ofPlatform()
            .daemon()
            .name("faults-" + key)
            .start(
                () -> {
                  long next = System.nanoTime();
                  for (int number = 0; !stopped; number++) {
                    send.one(KeyedRun.body(key, number));
                    next =
                        Math.max(System.nanoTime(), next + TimeUnit.MILLISECONDS.toNanos(millis));
                    if (!sleep(next - System.nanoTime())) {
                      return;
                    }
                  }
                }));
  }

  private static boolean sleep(long nanos) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  private static Message message(Track track, String body, String padding) {
    return Message.builder(track.kind().topic()).body(body + padding).build();
  }

  private void send(Track track, String body, String padding) {
    attempt(track, body, () -> producer.send(message(track, body, padding)));
  }

  private interface Attempt {
    SendResult run();
  }

  /** Whether it was acknowledged. */
  private static boolean attempt(Track track, String body, Attempt attempt) {
    long begin = track.begin(body);
    try {
      SendResult result = attempt.run();
      track.end(begin);
      track.acknowledge(body, result.queue());
      return true;
    } catch (RocketMqException e) {
      track.fail(begin, e);
      return false;
    }
  }

  private void sendAsync(Track track, String body) {
    long begin = track.begin(body);
    try {
      producer
          .sendAsync(message(track, body, ""))
          .whenComplete(
              (result, error) -> {
                if (error == null) {
                  track.end(begin);
                  track.acknowledge(body, result.queue());
                } else {
                  track.fail(begin, (RocketMqException) error);
                }
              });
    } catch (RocketMqException e) {
      track.fail(begin, e);
    }
  }

  /** Sends a key's messages, each until it is acknowledged: what may be stored must not be followed by a gap. */
  private void sendOrdered(String key) {
    Track track = ledger.of(Kind.ORDERLY);
    for (int number = 0; !stopped; number++) {
      String body = KeyedRun.body(key, number);
      Message message = Message.builder(track.kind().topic()).shardingKey(key).body(body).build();
      while (!attempt(track, body, () -> producer.send(message))) {
        if (stopped || !sleep(TimeUnit.MILLISECONDS.toNanos(100))) {
          return;
        }
      }
      if (!sleep(KEY_PAUSE.toNanos())) {
        return;
      }
    }
  }

  /** One of five is rolled back, one of five is decided by a check of the broker. */
  private void transact(String body) {
    Track track = ledger.of(Kind.TRANSACTION);
    int number = Integer.parseInt(body.substring(body.lastIndexOf('-') + 1));
    boolean commit = number % 5 != 0;
    if (!commit) {
      track.forbid(body);
    }
    decisions.put(body, commit ? TransactionState.COMMIT : TransactionState.ROLLBACK);
    Transaction transaction;
    long begin = track.begin(body);
    try {
      transaction = transactions.begin(message(track, body, ""));
      track.end(begin);
    } catch (RocketMqException e) {
      track.fail(begin, e);
      return;
    }
    // Not closed: that would roll back what is left to the check.
    if (commit) {
      track.acknowledge(body, transaction.sendResult().queue());
    }
    try {
      if (!commit) {
        transaction.rollback();
      } else if (number % 5 != 1) {
        transaction.commit();
      }
    } catch (RocketMqException e) {
      // Its broker could not be told, and asks.
    }
  }

  /** Sends messages to each of the queues that have given none since the ledger's mark. */
  static void probe(
      Producer producer, Ledger ledger, Map<Kind, Set<MessageQueue>> queues, int round) {
    queues.forEach(
        (kind, each) -> {
          Track track = ledger.of(kind);
          for (MessageQueue queue : track.missing(each)) {
            String body = KeyedRun.body(PROBE + queue.brokerName() + "-" + queue.queueId(), round);
            Message message = Message.builder(kind.topic()).queue(queue).body(body).build();
            long begin = track.begin(body);
            producer
                .sendAsync(message)
                .whenComplete(
                    (result, error) -> {
                      track.end(begin);
                      if (error == null) {
                        track.acknowledge(body, queue);
                      }
                    });
          }
        });
  }

  /** Begins no more sends, and waits for the ends of those that run. */
  void stop() throws InterruptedException {
    stopped = true;
    for (Thread thread : threads) {
      thread.join();
    }
    for (ExecutorService executor : List.of(platform, virtual)) {
      executor.shutdown();
      executor.awaitTermination(60, TimeUnit.SECONDS);
    }
  }

  /** Ends the producers: transactions are not checked any more. */
  @Override
  public void close() {
    stopped = true;
    threads.forEach(Thread::interrupt);
    platform.shutdownNow();
    virtual.shutdownNow();
    producer.close();
    transactions.close();
  }
}
