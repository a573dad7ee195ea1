package io.github.rocketffm.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The measurements whose rounds go from contender to contender: A B C D A B C D … */
final class Rounds {
  private static final int BODY = 1024;
  private static final int WINDOW = 1024;
  private static final int RATE = 500;
  private static final String BATCHED = " inflight=4096 linger=10 size=" + BenchClient.BATCHED_BODY;

  /** Rounds that do not count, as virtual machines compile during them. */
  private static final int DRAIN_WARM_UPS = 2;

  private final Options options;
  private final Cluster cluster;
  private final Results results;
  private final Map<String, Map<String, JsonArray>> curves = new LinkedHashMap<>();

  Rounds(Options options, Cluster cluster, Results results) {
    this.options = options;
    this.cluster = cluster;
    this.results = results;
  }

  /** Publishing, with a warm-up before. */
  void publish(List<ContenderProcess> contenders) throws IOException, InterruptedException {
    String topic = cluster.createTopic("bench-publish");
    int sync = options.quick() ? 4000 : 10_000;
    int async = options.quick() ? 40_000 : 100_000;
    for (ContenderProcess contender : contenders) {
      publish(contender, topic, "sync", sync * 2);
      publish(contender, topic, "async", async * 3);
    }
    for (int round = 1; round <= options.rounds(); round++) {
      Progress.show("publish", round, options.rounds());
      for (ContenderProcess contender : contenders) {
        note("sync", contender, publish(contender, topic, "sync", sync));
      }
      for (ContenderProcess contender : contenders) {
        note("async", contender, publish(contender, topic, "async", async));
      }
    }
    results.distribution("sync", "Synchronous send, 1 thread, 1 KB", curvesOf("sync"));
  }

  /** Small messages that each library puts into batches by itself; the raw probe makes none. */
  void batches(List<ContenderProcess> contenders) throws IOException, InterruptedException {
    String topic = cluster.createTopic("bench-batch");
    int count = options.quick() ? 200_000 : 500_000;
    for (int round = 0; round <= options.rounds(); round++) {
      Progress.show(round == 0 ? "batches, warming up" : "batches", round, options.rounds());
      for (ContenderProcess contender : contenders) {
        JsonObject answer = send(contender, topic, "async", count, BATCHED);
        if (round > 0) {
          note("batch", contender, answer);
        }
      }
    }
  }

  private JsonObject publish(ContenderProcess contender, String topic, String mode, int count)
      throws IOException {
    String how = " size=" + BODY + (mode.equals("async") ? " inflight=" + WINDOW : "");
    return send(contender, topic, mode, count, how);
  }

  private JsonObject send(
      ContenderProcess contender, String topic, String mode, int count, String how)
      throws IOException {
    JsonObject answer =
        contender.ask("publish mode=" + mode + " topic=" + topic + " count=" + count + how);
    cluster.acknowledged(topic, answer.get("acked").getAsLong());
    if (answer.get("failed").getAsLong() > 0) {
      throw new IOException(
          contender.name() + " failed to send " + answer.get("failed") + " of " + count);
    }
    return answer;
  }

  private void note(String mode, ContenderProcess contender, JsonObject answer) {
    String name = contender.name();
    results.add(mode + "_cpu", name, answer.get("cpu_us").getAsDouble());
    results.add(
        mode + "_rate",
        name,
        answer.get("acked").getAsDouble() / answer.get("seconds").getAsDouble());
    if (answer.has("message_b")) {
      double heap = answer.get("heap_b").getAsDouble() - answer.get("message_b").getAsDouble();
      results.add(mode + "_heap", name, Math.max(0, heap));
    }
    if (mode.equals("sync")) {
      JsonObject latency = answer.getAsJsonObject("latency");
      results.add("sync_p50", name, latency.get("p50").getAsDouble());
      results.add("sync_p99", name, latency.get("p99").getAsDouble());
      curve("sync", name, latency);
    }
  }

  /** The last round's, as a picture of one. */
  private void curve(String id, String contender, JsonObject percentiles) {
    curves
        .computeIfAbsent(id, key -> new LinkedHashMap<>())
        .put(contender, percentiles.getAsJsonArray("points"));
  }

  /** None where no contender of the run has any. */
  private Map<String, JsonArray> curvesOf(String id) {
    return curves.getOrDefault(id, Map.of());
  }

  /** Stored messages through a batch listener, and the first message after the start. */
  void drain(List<ContenderProcess> contenders, ContenderProcess filler)
      throws IOException, InterruptedException {
    int count = 200_000;
    String topic = cluster.createTopic("bench-drain");
    publish(filler, topic, "async", count - 1);
    int rounds = Math.max(3, options.rounds() / 2);
    for (int round = 1 - DRAIN_WARM_UPS; round <= rounds; round++) {
      Progress.show(round <= 0 ? "drain, warming up" : "drain", Math.max(0, round), rounds);
      for (ContenderProcess contender : contenders) {
        JsonObject answer =
            contender.ask(
                "drain topic="
                    + topic
                    + " count="
                    + count
                    + " batch=32 group=bench-drain-"
                    + contender.name()
                    + "-"
                    + round);
        if (answer.get("received").getAsInt() < count) {
          throw new IOException(
              contender.name() + " received " + answer.get("received") + " of " + count);
        }
        if (round <= 0) {
          continue;
        }
        String name = contender.name();
        results.add("drain_rate", name, count / answer.get("seconds").getAsDouble());
        results.add("drain_cpu", name, answer.get("cpu_us").getAsDouble());
        results.add("drain_heap", name, answer.get("heap_b").getAsDouble());
        results.add("first_message", name, answer.get("first_ms").getAsDouble());
      }
    }
  }

  /** From the producer to the listener at a steady rate. */
  void endToEnd(List<ContenderProcess> contenders) throws IOException, InterruptedException {
    int count = options.quick() ? 1500 : 5000;
    int rounds = options.quick() ? 3 : 5;
    for (int round = 1; round <= rounds; round++) {
      Progress.show("end to end", round, rounds);
      for (ContenderProcess contender : contenders) {
        String name = contender.name();
        // A topic of its own, as the number of its messages is not told.
        String topic = "bench-end-to-end-" + name;
        if (round == 1) {
          cluster.createTopic(topic);
        }
        JsonObject answer =
            contender.ask(
                "end-to-end topic="
                    + topic
                    + " size="
                    + BODY
                    + " rate="
                    + RATE
                    + " count="
                    + count
                    + " group=bench-end-to-end-"
                    + name);
        JsonObject delivery = answer.getAsJsonObject("delivery");
        JsonObject publish = answer.getAsJsonObject("publish");
        results.add("delivery_p50", name, delivery.get("p50").getAsDouble());
        results.add("delivery_p99", name, delivery.get("p99").getAsDouble());
        results.add("publish_p99", name, publish.get("p99").getAsDouble());
        results.add("own_threads", name, answer.get("own_threads").getAsDouble());
        results.add("threads", name, answer.get("threads").getAsDouble());
        curve("delivery", name, delivery);
      }
    }
    results.distribution("delivery", "From send to listener, 500 msg/s", curvesOf("delivery"));
    cluster.forget("bench-end-to-end-");
  }

  /** What is left of them: memory after all the work, and the processor's time while idle. */
  void afterwards(List<ContenderProcess> contenders) throws IOException, InterruptedException {
    for (ContenderProcess contender : contenders) {
      JsonObject answer = contender.ask("status");
      results.add("resident", contender.name(), answer.get("rss_kb").getAsDouble() / 1024);
    }
    int seconds = options.quick() ? 10 : 30;
    Progress.show("idle", seconds, seconds);
    Map<String, Double> before = new LinkedHashMap<>();
    for (ContenderProcess contender : contenders) {
      before.put(contender.name(), contender.cpuSeconds());
    }
    TimeUnit.SECONDS.sleep(seconds);
    for (ContenderProcess contender : contenders) {
      double used = contender.cpuSeconds() - before.get(contender.name());
      results.add("idle", contender.name(), 100 * used / seconds);
    }
  }
}
