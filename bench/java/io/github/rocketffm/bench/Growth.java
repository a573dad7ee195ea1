package io.github.rocketffm.bench;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How cost grows: tables of one figure by contender, while one thing gets more. */
final class Growth {
  private final Options options;
  private final Cluster cluster;
  private final Results results;

  Growth(Options options, Cluster cluster, Results results) {
    this.options = options;
    this.cluster = cluster;
    this.results = results;
  }

  /** A value of one contender for one step. */
  private interface Cell {
    double of(ContenderProcess contender, int step) throws IOException;
  }

  private void table(
      String id,
      String title,
      String x,
      String unit,
      int[] steps,
      List<ContenderProcess> contenders,
      Cell cell)
      throws IOException {
    Map<String, Map<String, Double>> rows = new LinkedHashMap<>();
    for (int i = 0; i < steps.length; i++) {
      Progress.show("growth: " + title, i + 1, steps.length);
      Map<String, Double> row = new LinkedHashMap<>();
      for (ContenderProcess contender : contenders) {
        row.put(contender.name(), cell.of(contender, steps[i]));
      }
      rows.put(String.format("%,d", steps[i]), row);
    }
    results.growth(id, title, x, unit, rows);
  }

  private int[] steps(int[] all, int[] few) {
    return options.quick() ? few : all;
  }

  private double publish(ContenderProcess contender, String topic, int count, String how)
      throws IOException {
    JsonObject answer = ask(contender, topic, count, how);
    return answer.get("acked").getAsDouble() / answer.get("seconds").getAsDouble();
  }

  private JsonObject ask(ContenderProcess contender, String topic, int count, String how)
      throws IOException {
    JsonObject answer = contender.ask("publish topic=" + topic + " count=" + count + " " + how);
    cluster.acknowledged(topic, answer.get("acked").getAsLong());
    return answer;
  }

  /** With the broker of the run; the Java libraries alone where threads of Java are meant. */
  void withBroker(List<ContenderProcess> all, List<ContenderProcess> java)
      throws IOException, InterruptedException {
    String topic = cluster.createTopic("bench-growth");
    for (ContenderProcess contender : all) {
      // Connects anew: a broker closes a connection that was idle for two minutes, which the raw
      // probe's was.
      contender.ask("first-ack topic=" + topic + " size=1024");
      cluster.acknowledged(topic, 1);
    }
    int count = options.quick() ? 4000 : 20_000;
    table(
        "callers",
        "Synchronous send by platform threads",
        "threads",
        "msg/s",
        steps(new int[] {1, 4, 16, 64}, new int[] {1, 16, 64}),
        java,
        (contender, threads) ->
            publish(contender, topic, count, "mode=sync size=1024 threads=" + threads));
    table(
        "virtual-callers",
        "Synchronous send by virtual threads",
        "virtual threads",
        "msg/s",
        steps(new int[] {1, 10, 100, 1000}, new int[] {1000}),
        java,
        (contender, threads) ->
            publish(contender, topic, count, "mode=sync size=1024 virtual=1 threads=" + threads));
    table(
        "in-flight",
        "Asynchronous send: sends in flight",
        "in flight",
        "msg/s",
        steps(new int[] {1, 4, 16, 64, 256, 1024, 4096}, new int[] {1, 64, 4096}),
        all,
        (contender, window) ->
            publish(
                contender,
                topic,
                window < 16 ? count : 2 * count,
                "mode=async size=1024 inflight=" + window));
    table(
        "body",
        "Synchronous send: size of the body, p50",
        "bytes",
        "µs",
        steps(new int[] {64, 1024, 16_384, 131_072, 1_048_576}, new int[] {64, 16_384, 1_048_576}),
        all,
        (contender, size) ->
            ask(contender, topic, size > 100_000 ? 100 : 1000, "mode=sync threads=1 size=" + size)
                .getAsJsonObject("latency")
                .get("p50")
                .getAsDouble());
  }

  /** Many producers in one process; with processes of their own, as what they took they keep. */
  void producers(List<ContenderProcess> java) throws IOException {
    Map<String, Map<String, Double>> threads = new LinkedHashMap<>();
    Map<String, Map<String, Double>> memory = new LinkedHashMap<>();
    for (int count : steps(new int[] {1, 10, 50, 200}, new int[] {1, 50})) {
      Progress.show("growth: producers", count, 200);
      Map<String, Double> threadRow = new LinkedHashMap<>();
      Map<String, Double> memoryRow = new LinkedHashMap<>();
      for (ContenderProcess contender : java) {
        JsonObject answer =
            contender.ask("producers topic=bench-growth each=10 size=128 count=" + count);
        cluster.acknowledged("bench-growth", 10L * count);
        threadRow.put(contender.name(), answer.get("threads").getAsDouble());
        memoryRow.put(contender.name(), answer.get("rss_kb").getAsDouble() / 1024);
      }
      threads.put(String.format("%,d", count), threadRow);
      memory.put(String.format("%,d", count), memoryRow);
    }
    results.growth(
        "producers", "Producers in one process: threads", "producers", "threads", threads);
    results.growth("memory", "Producers in one process: memory", "producers", "MiB", memory);
  }

  /** Against the sink, as a broker's own cost for a topic is not meant. */
  void topics(List<ContenderProcess> java) throws IOException {
    int count = options.quick() ? 50_000 : 200_000;
    table(
        "topics",
        "Asynchronous send to the sink: topics in turn",
        "topics",
        "msg/s",
        steps(new int[] {1, 10, 100, 1000}, new int[] {1, 1000}),
        java,
        (contender, topics) -> {
          JsonObject answer =
              contender.ask(
                  "publish mode=async topic=t size=128 inflight=1024 count="
                      + count
                      + " topics="
                      + topics);
          return answer.get("acked").getAsDouble() / answer.get("seconds").getAsDouble();
        });
  }
}
