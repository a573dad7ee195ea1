package io.github.rocketffm.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The benchmark of large numbers: of consumers in one process against a real broker, beside Apache's client at a number
 * that it can bear; of queues against mock brokers; of bytes of a header.
 */
final class ScaleBenchmark {
  /** Kinds of headers: format and number of fields. */
  static final List<String> HEADERS = List.of("json-many", "json-one", "binary-many", "binary-one");

  private static final Path FOLDER = Path.of("target/bench/scale");
  private static final int HEADER_BYTES = 1024 * 1024;
  private static final int IDLE_SECONDS = 20;

  private final ScaleOptions options;
  private final Results results;
  private volatile String brokerEnd;
  private volatile ContenderProcess running;

  private ScaleBenchmark(ScaleOptions options) throws IOException {
    this.options = options;
    List<String> contenders =
        options.apacheConsumers() > 0
            ? List.of(ScaleGoals.NATIVE, "java", "apache")
            : List.of(ScaleGoals.NATIVE, "java");
    JsonObject host = Benchmark.host();
    host.addProperty("rounds", options.rounds());
    host.addProperty("consumers", options.consumers());
    host.addProperty("apache_consumers", options.apacheConsumers());
    results = new Results(host, contenders);
    ScaleGoals.declare(results, options);
  }

  /** Returns the exit status. */
  static int run(String[] arguments) throws Exception {
    ScaleOptions options;
    try {
      options = ScaleOptions.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      return 2;
    }
    Files.createDirectories(FOLDER);
    ScaleBenchmark benchmark = new ScaleBenchmark(options);
    try {
      benchmark.measure();
      return 0;
    } catch (IOException | RuntimeException e) {
      String reason = benchmark.brokerEnd == null ? e.getMessage() : benchmark.brokerEnd;
      System.err.println("\nThe benchmark was not finished: " + reason);
      return 1;
    } finally {
      benchmark.stopRunning();
    }
  }

  private void measure() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    results.fact("load_before", Benchmark.loadAverage());
    for (int round = 1; round <= options.rounds(); round++) {
      if (options.has("header")) {
        headers(round);
      }
      if (options.has("queues")) {
        queues(round);
      }
      if (options.has("rebalance")) {
        rebalance(round);
      }
    }
    if (options.has("consumers")) {
      consumers();
    }
    results.fact("load_after", Benchmark.loadAverage());
    ScaleGoals.judge(results, options);
    Path file = FOLDER.resolve("results.json");
    Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(results.json()));
    System.out.println(results.table(results.contenders()));
    System.out.printf(
        "%d s. The same as JSON: %s%n", (System.nanoTime() - begin) / 1_000_000_000, file);
  }

  private interface Work {
    void with(ContenderProcess contender) throws IOException;
  }

  /** In a process of its own, which ends with it. */
  private void with(String contender, String nameServer, Work work) throws IOException {
    try (ContenderProcess process =
        ContenderProcess.start(contender, Programs.of(contender), nameServer, FOLDER)) {
      running = process;
      if (brokerEnd != null) {
        throw new IOException(brokerEnd);
      }
      work.with(process);
    } finally {
      running = null;
    }
  }

  private void stopRunning() {
    ContenderProcess process = running;
    if (process != null) {
      process.close();
    }
  }

  /** The native program starts its own servers. */
  private void withNative(Work work) throws IOException {
    with(ScaleGoals.NATIVE, "none:0", work);
  }

  private void headers(int round) throws IOException {
    Progress.show("headers", round, options.rounds());
    withNative(
        contender -> {
          for (String kind : HEADERS) {
            String[] parts = kind.split("-");
            JsonObject times =
                contender.ask(
                    "header bytes=" + HEADER_BYTES + " format=" + parts[0] + " fields=" + parts[1]);
            double large = times.get("large_ms").getAsDouble();
            results.add("header_" + kind, ScaleGoals.NATIVE, large);
            double growth = large / times.get("small_ms").getAsDouble();
            results.add("growth_" + kind, ScaleGoals.NATIVE, growth);
          }
        });
  }

  private void queues(int round) throws IOException {
    Progress.show("queues", round, options.rounds());
    withNative(
        contender -> {
          JsonObject times = contender.ask("assign topics=1000 queues=10000");
          results.add("queues", ScaleGoals.NATIVE, times.get("ms").getAsDouble());
          results.add("queues_io", ScaleGoals.NATIVE, times.get("io_ms").getAsDouble());
        });
  }

  private void rebalance(int round) throws IOException {
    Progress.show("rebalance", round, options.rounds());
    withNative(
        contender -> {
          JsonObject times = contender.ask("rebalance topics=1000 queues=40000");
          for (JsonElement time : times.getAsJsonArray("io_ms")) {
            results.add("rebalance", ScaleGoals.NATIVE, time.getAsDouble());
          }
        });
  }

  /**
   * Each round with a broker of its own, which knows none of the groups when they start for the first time. That time
   * is the broker's: for each new group it writes files and asks the name server, one group after the other.
   */
  private void consumers() throws IOException, InterruptedException {
    for (int round = 1; round <= options.rounds(); round++) {
      Progress.show("consumers", round, options.rounds());
      consumers("java", options.consumers());
      if (options.apacheConsumers() > 0) {
        consumers("apache", options.apacheConsumers());
      }
    }
  }

  private void consumers(String name, int count) throws IOException, InterruptedException {
    try (Cluster cluster = Cluster.start(FOLDER, this::onBrokerEnd)) {
      String topic = cluster.createTopic("bench-scale");
      with(
          name,
          cluster.nameServer(),
          contender -> results.add("first_new", name, start(contender, topic, count + 1)));
      cluster.sendOne(topic);
      with(name, cluster.nameServer(), contender -> consumers(contender, topic, count));
    }
  }

  /** Returns when all consumers have a message, in milliseconds. */
  private double start(ContenderProcess contender, String topic, int count) throws IOException {
    JsonObject times = contender.ask("consumers topic=" + topic + " count=" + count);
    return times.get("first_ms").getAsDouble();
  }

  private void consumers(ContenderProcess contender, String topic, int count) throws IOException {
    String name = contender.name();
    contender.ask("consumers topic=" + topic + " count=1");
    JsonObject one = contender.ask("consumers-rest seconds=1");
    JsonObject times = contender.ask("consumers topic=" + topic + " count=" + count);
    results.add("started", name, times.get("started_ms").getAsDouble());
    results.add("first", name, times.get("first_ms").getAsDouble());
    // What follows a start, such as commits, is over then.
    contender.ask("consumers-rest seconds=10");
    JsonObject all = contender.ask("consumers-rest seconds=" + IDLE_SECONDS);
    results.add("threads", name, all.get("own_threads").getAsDouble());
    results.add("idle", name, all.get("cpu_percent").getAsDouble());
    double kilobytes = all.get("rss_kb").getAsDouble() - one.get("rss_kb").getAsDouble();
    results.add("memory", name, kilobytes / 1024);
    results.add("memory_each", name, kilobytes / count);
  }

  /** Ends what would wait for the broker in vain. */
  private void onBrokerEnd(String reason) {
    brokerEnd = reason;
    stopRunning();
  }
}
