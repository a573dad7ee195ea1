package io.github.rocketffm.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The side-by-side benchmark: the raw probe, librocketmq from C, the Java library and Apache's Java client, each in a
 * process of its own, against one private broker, in turns.
 */
public final class Benchmark {
  private static final Path FOLDER = Path.of("target/bench");

  private final Options options;
  private final Results results;
  private final List<ContenderProcess> running = new CopyOnWriteArrayList<>();

  /** Why nothing can be measured any more; null while it can. */
  private volatile String brokerEnd;

  private Benchmark(Options options) throws IOException {
    this.options = options;
    results = new Results(host(options), options.contenders());
    Goals.declare(results);
  }

  public static void main(String[] arguments) throws Exception {
    if (ScaleOptions.isMeant(arguments)) {
      System.exit(ScaleBenchmark.run(arguments));
      return;
    }
    if (StartBenchmark.isMeant(arguments)) {
      System.exit(StartBenchmark.run());
      return;
    }
    Options options;
    try {
      options = Options.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    Files.createDirectories(FOLDER);
    Benchmark benchmark = new Benchmark(options);
    int status = 1;
    try {
      benchmark.run();
      status = benchmark.results.failed() ? 1 : 0;
    } catch (IOException | RuntimeException e) {
      String reason = benchmark.brokerEnd == null ? e.getMessage() : benchmark.brokerEnd;
      System.err.println("\nThe benchmark was not finished: " + reason);
    } finally {
      benchmark.stopContenders();
    }
    System.exit(status);
  }

  private static JsonObject host(Options options) throws IOException {
    JsonObject host = host();
    host.addProperty("quick", options.quick());
    host.addProperty("rounds", options.rounds());
    return host;
  }

  /** What a machine is, and when. */
  static JsonObject host() throws IOException {
    JsonObject host = new JsonObject();
    host.addProperty("cpu", fact("/proc/cpuinfo", "model name"));
    host.addProperty("cores", Runtime.getRuntime().availableProcessors());
    String memory = fact("/proc/meminfo", "MemTotal").replaceAll("[^0-9]", "");
    host.addProperty("memory_gb", Long.parseLong(memory) / 1024 / 1024);
    host.addProperty("jdk", Runtime.version().toString());
    host.addProperty("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    return host;
  }

  /** Of the last minute, of five and of fifteen. */
  static String loadAverage() throws IOException {
    String[] words = Files.readString(Path.of("/proc/loadavg")).split(" ");
    return String.join(", ", words[0], words[1], words[2]);
  }

  private static String fact(String file, String name) throws IOException {
    for (String line : Files.readAllLines(Path.of(file))) {
      if (line.startsWith(name)) {
        return line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return "0";
  }

  private void run() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    results.fact("load_before", loadAverage());
    try (Cluster cluster = Cluster.start(FOLDER, this::onBrokerEnd)) {
      Rounds rounds = new Rounds(options, cluster, results);
      startUp(cluster);
      List<ContenderProcess> all = start(options.contenders(), cluster.nameServer());
      rounds.publish(all);
      List<ContenderProcess> libraries = without(all, "raw");
      rounds.batches(libraries);
      rounds.drain(libraries, all.getFirst());
      rounds.endToEnd(libraries);
      rounds.afterwards(libraries);
      Growth growth = new Growth(options, cluster, results);
      growth.withBroker(all, without(libraries, "c"));
      stopContenders();
      List<ContenderProcess> java = start(named("java", "apache"), cluster.nameServer());
      growth.producers(java);
      stopContenders();
      sink(growth);
      cluster.check(results);
    }
    results.fact("load_after", loadAverage());
    Goals.judge(results);
    JsonObject json = results.json();
    Files.writeString(
        FOLDER.resolve("results.json"),
        new GsonBuilder()
            .setPrettyPrinting()
            .serializeSpecialFloatingPointValues()
            .create()
            .toJson(json));
    Files.writeString(FOLDER.resolve("report.html"), HtmlReport.render(json));
    Files.writeString(FOLDER.resolve("summary.svg"), HtmlReport.summarySvg(json));
    System.out.println(results.table(options.contenders()));
    System.out.printf(
        "%d s. The same as pictures: %s%n",
        (System.nanoTime() - begin) / 1_000_000_000, FOLDER.resolve("report.html"));
  }

  /** Ends what would wait for the broker in vain. */
  private void onBrokerEnd(String reason) {
    brokerEnd = reason;
    stopContenders();
  }

  private List<String> named(String... names) {
    return List.of(names).stream().filter(options::has).toList();
  }

  private List<ContenderProcess> start(List<String> names, String nameServer) throws IOException {
    List<ContenderProcess> started = new ArrayList<>();
    for (String name : names) {
      ContenderProcess contender =
          ContenderProcess.start(name, Programs.of(name), nameServer, FOLDER);
      running.add(contender);
      if (brokerEnd != null) {
        throw new IOException(brokerEnd);
      }
      started.add(contender);
    }
    return started;
  }

  private void stopContenders() {
    for (ContenderProcess contender : running) {
      contender.close();
      running.remove(contender);
    }
  }

  private static List<ContenderProcess> without(List<ContenderProcess> all, String name) {
    return all.stream().filter(contender -> !contender.name().equals(name)).toList();
  }

  /** From the start of a process to its first acknowledgement. */
  private void startUp(Cluster cluster) throws IOException, InterruptedException {
    String topic = cluster.createTopic("bench-start");
    for (int round = 1; round <= options.rounds(); round++) {
      Progress.show("start-up", round, options.rounds());
      for (String name : options.contenders()) {
        long begin = System.nanoTime();
        try (ContenderProcess contender =
            ContenderProcess.start(name, Programs.of(name), cluster.nameServer(), FOLDER)) {
          contender.ask("first-ack topic=" + topic + " size=1024");
          results.add("first_ack", name, (System.nanoTime() - begin) / 1e6);
          cluster.acknowledged(topic, 1);
        }
      }
    }
  }

  /** What the clients alone can do. */
  private void sink(Growth growth) throws IOException {
    try (Sink sink = new Sink()) {
      List<ContenderProcess> contenders = start(options.contenders(), sink.address());
      int count = options.quick() ? 300_000 : 1_000_000;
      for (int round = 0; round <= Math.max(3, options.rounds() / 2); round++) {
        Progress.show("sink", round, Math.max(3, options.rounds() / 2));
        for (ContenderProcess contender : contenders) {
          JsonObject answer =
              contender.ask("publish mode=async topic=t size=128 inflight=1024 count=" + count);
          if (answer.get("acked").getAsLong() < count) {
            throw new IOException(contender.name() + " lost sends to the sink: " + answer);
          }
          if (round > 0) {
            results.add("sink_rate", contender.name(), count / answer.get("seconds").getAsDouble());
            results.add("sink_cpu", contender.name(), answer.get("cpu_us").getAsDouble());
          }
        }
      }
      growth.topics(without(without(contenders, "raw"), "c"));
    }
    stopContenders();
  }
}
