package io.github.rocketffm.bench;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A process that the benchmark drives: commands on standard input, one line of JSON on standard output for each. JSON
 * is put together by hand, as a library would add its own start to what is measured.
 */
final class Contender {
  private static final int PATIENCE_SECONDS = 120;
  private static final int MESSAGE_OBJECTS = 20_000;

  private final BenchClient client;
  private final Map<SenderKind, BenchClient.Sender> senders = new HashMap<>();
  private final ManyConsumers consumers;
  private Object blackHole;

  /** With a linger of 0 every message goes by itself. */
  private record SenderKind(int inFlight, int lingerMillis) {}

  Contender(BenchClient client) {
    this.client = client;
    consumers = new ManyConsumers(client);
  }

  void serve() throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err);
    out.println("{\"ready\":true}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        answer = answer(new Command(line));
      } catch (Exception | Error e) {
        e.printStackTrace();
        answer = "{\"error\":\"" + e.toString().replaceAll("[\"\\\\\\p{Cntrl}]", "'") + "\"}";
      }
      out.println(answer);
      if (line.equals("quit")) {
        break;
      }
    }
    System.exit(0);
  }

  private record Command(String name, Map<String, String> arguments) {
    Command(String line) {
      this(line.split(" ")[0], new HashMap<>());
      for (String word : line.split(" ")) {
        int equals = word.indexOf('=');
        if (equals > 0) {
          arguments.put(word.substring(0, equals), word.substring(equals + 1));
        }
      }
    }

    String text(String name) {
      String value = arguments.get(name);
      if (value == null) {
        throw new IllegalArgumentException(this.name + " needs " + name + "=…");
      }
      return value;
    }

    int number(String name) {
      return Integer.parseInt(text(name));
    }

    int number(String name, int otherwise) {
      return arguments.containsKey(name) ? number(name) : otherwise;
    }

    byte[] body() {
      byte[] body = new byte[number("size")];
      Arrays.fill(body, (byte) 'x');
      return body;
    }
  }

  private String answer(Command command) throws Exception {
    return switch (command.name) {
      case "first-ack" -> firstAck(command);
      case "publish" ->
          command.text("mode").equals("sync") ? publishSync(command) : publishAsync(command);
      case "drain" -> drain(command);
      case "end-to-end" -> endToEnd(command);
      case "producers" -> producers(command);
      case "consumers" -> consumers.start(command.text("topic"), command.number("count"));
      case "consumers-rest" -> consumers.rest(command.number("seconds"));
      case "status" -> status();
      case "quit" -> quit();
      default -> throw new IllegalArgumentException("there is no command " + command.name);
    };
  }

  private BenchClient.Sender sender(int inFlight) throws Exception {
    return sender(new SenderKind(inFlight, 0));
  }

  private BenchClient.Sender sender(SenderKind kind) throws Exception {
    BenchClient.Sender sender = senders.get(kind);
    if (sender == null) {
      String group = "bench-" + kind.inFlight + "-" + kind.lingerMillis;
      sender = client.sender(group, kind.inFlight, kind.lingerMillis);
      senders.put(kind, sender);
    }
    return sender;
  }

  private String firstAck(Command command) throws Exception {
    long begin = System.nanoTime();
    sender(1024).send(command.text("topic"), command.body());
    return "{\"ms\":" + (System.nanoTime() - begin) / 1e6 + "}";
  }

  private String publishSync(Command command) throws Exception {
    BenchClient.Sender sender = sender(1024);
    String topic = command.text("topic");
    byte[] body = command.body();
    int count = command.number("count");
    int threads = command.number("threads", 1);
    boolean virtual = command.number("virtual", 0) == 1;
    long[] nanos = new long[count];
    AtomicInteger failed = new AtomicInteger();
    AtomicInteger next = new AtomicInteger();
    Runnable work =
        () -> {
          for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
            long begin = System.nanoTime();
            try {
              sender.send(topic, body);
            } catch (Exception e) {
              failed.incrementAndGet();
            }
            nanos[i] = System.nanoTime() - begin;
          }
        };
    double messageBytes = messageBytes(sender, topic, body);
    Measurement measurement = new Measurement();
    if (threads == 1 && !virtual) {
      work.run();
    } else {
      List<Thread> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
        running.add(builder.start(work));
      }
      for (Thread thread : running) {
        thread.join();
      }
    }
    return published(measurement, count, failed.get(), messageBytes, nanos);
  }

  private String publishAsync(Command command) throws Exception {
    int window = command.number("inflight");
    BenchClient.Sender sender = sender(new SenderKind(window, command.number("linger", 0)));
    String topic = command.text("topic");
    byte[] body = command.body();
    String[] topics = new String[command.number("topics", 1)];
    for (int i = 0; i < topics.length; i++) {
      topics[i] = topics.length == 1 ? topic : topic + "-" + i;
    }
    int count = command.number("count");
    long[] nanos = new long[count];
    AtomicInteger failed = new AtomicInteger();
    Semaphore turns = new Semaphore(window);
    double messageBytes = messageBytes(sender, topic, body);
    Measurement measurement = new Measurement();
    for (int i = 0; i < count; i++) {
      turns.acquire();
      int index = i;
      nanos[index] = System.nanoTime();
      sender.sendAsync(
          topics[i % topics.length],
          body,
          failure -> {
            nanos[index] = System.nanoTime() - nanos[index];
            if (failure != null) {
              failed.incrementAndGet();
            }
            turns.release();
          });
    }
    turns.acquire(window);
    return published(measurement, count, failed.get(), messageBytes, nanos);
  }

  /** What a message object costs by itself, to be told apart from the send. */
  private double messageBytes(BenchClient.Sender sender, String topic, byte[] body) {
    Measurement measurement = new Measurement();
    for (int i = 0; i < MESSAGE_OBJECTS; i++) {
      blackHole = sender.message(topic, body);
    }
    return measurement.heapBytes() / MESSAGE_OBJECTS;
  }

  private static String published(
      Measurement measurement, int count, int failed, double messageBytes, long[] nanos) {
    return "{\"acked\":"
        + (count - failed)
        + ",\"failed\":"
        + failed
        + ",\"seconds\":"
        + measurement.seconds()
        + ","
        + measurement.perMessage(count)
        + ",\"message_b\":"
        + messageBytes
        + ",\"latency\":"
        + Percentiles.json(nanos)
        + "}";
  }

  private String drain(Command command) throws Exception {
    int count = command.number("count");
    CountDownLatch left = new CountDownLatch(count);
    AtomicLong first = new AtomicLong();
    AtomicLong last = new AtomicLong();
    Measurement measurement = new Measurement();
    long begin = System.nanoTime();
    BenchClient.Listener listener =
        new BenchClient.Listener() {
          @Override
          public void batch(int received) {
            long now = System.nanoTime();
            if (first.get() == 0) {
              first.compareAndSet(0, now);
            }
            // Before the count, whose end is waited for.
            last.accumulateAndGet(now, Math::max);
            for (int i = 0; i < received; i++) {
              left.countDown();
            }
          }
        };
    int batch = command.number("batch");
    try (var consumer =
        client.consume(command.text("group"), command.text("topic"), true, batch, listener)) {
      left.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
      long received = count - left.getCount();
      String used = measurement.perMessage(Math.max(1, received));
      return "{\"received\":"
          + received
          + ",\"first_ms\":"
          + (first.get() - begin) / 1e6
          + ",\"seconds\":"
          + (last.get() - first.get()) / 1e9
          + ","
          + used
          + "}";
    }
  }

  private String endToEnd(Command command) throws Exception {
    BenchClient.Sender sender = sender(1024);
    String topic = command.text("topic");
    int count = command.number("count");
    long interval = TimeUnit.SECONDS.toNanos(1) / command.number("rate");
    long[] publish = new long[count];
    long[] delivery = new long[count];
    AtomicInteger received = new AtomicInteger();
    CountDownLatch left = new CountDownLatch(count);
    CountDownLatch probe = new CountDownLatch(1);
    BenchClient.Listener listener =
        new BenchClient.Listener() {
          @Override
          public void message(byte[] begin) {
            long now = System.nanoTime();
            long planned = ByteBuffer.wrap(begin).getLong();
            if (planned == 0) {
              probe.countDown();
              return;
            }
            int index = received.getAndIncrement();
            if (index < count) {
              delivery[index] = now - planned;
              left.countDown();
            }
          }
        };
    byte[] body = command.body();
    try (var consumer = client.consume(command.text("group"), topic, false, 1, listener)) {
      ByteBuffer.wrap(body).putLong(0);
      do {
        sender.send(topic, body);
      } while (!probe.await(50, TimeUnit.MILLISECONDS));
      long planned = System.nanoTime() + interval;
      for (int i = 0; i < count; i++, planned += interval) {
        for (long ahead = planned - System.nanoTime();
            ahead > 0;
            ahead = planned - System.nanoTime()) {
          LockSupport.parkNanos(ahead);
        }
        ByteBuffer.wrap(body).putLong(planned);
        sender.send(topic, body);
        publish[i] = System.nanoTime() - planned;
      }
      left.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
      // While both the producer and the consumer are there.
      String threads = Measurement.threads(client::isOwnThread);
      long[] delivered = Arrays.copyOf(delivery, Math.min(count, received.get()));
      return "{\"received\":"
          + received.get()
          + ","
          + threads
          + ",\"publish\":"
          + Percentiles.json(publish)
          + ",\"delivery\":"
          + Percentiles.json(delivered)
          + "}";
    }
  }

  private String producers(Command command) throws Exception {
    int count = command.number("count");
    int each = command.number("each");
    String topic = command.text("topic");
    byte[] body = new byte[command.number("size", 128)];
    List<BenchClient.Sender> more = new ArrayList<>();
    Measurement measurement = new Measurement();
    try {
      for (int i = 0; i < count; i++) {
        BenchClient.Sender sender = client.sender("bench-more-" + i, 1024, 0);
        more.add(sender);
        for (int k = 0; k < each; k++) {
          sender.send(topic, body);
        }
      }
      return "{"
          + Measurement.threads(client::isOwnThread)
          + ",\"rss_kb\":"
          + Measurement.residentKilobytes()
          + ",\"seconds\":"
          + measurement.seconds()
          + "}";
    } finally {
      for (BenchClient.Sender sender : more) {
        sender.close();
      }
    }
  }

  private String status() throws Exception {
    return "{"
        + Measurement.threads(client::isOwnThread)
        + ",\"rss_kb\":"
        + Measurement.residentKilobytes()
        + ",\"cpu_s\":"
        + Measurement.cpuSeconds()
        + "}";
  }

  private String quit() throws Exception {
    for (BenchClient.Sender sender : senders.values()) {
      sender.close();
    }
    return "{}";
  }
}
