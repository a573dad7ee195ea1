package io.github.rocketffm.bench;

/** What the benchmark of large numbers measures, and what is asked of it. */
final class ScaleGoals {
  /** Rows of results are by contender, of which the native program is one. */
  static final String NATIVE = "native";

  private ScaleGoals() {}

  static void declare(Results results, ScaleOptions options) {
    if (options.has("consumers")) {
      declareConsumers(results, options);
    }
    if (options.has("queues")) {
      results.metric("queues", "10,000 queues of 1,000 topics: all are pulled from", "ms", true);
      results.metric("queues_io", "… CPU of the I/O thread", "ms", true);
    }
    if (options.has("rebalance")) {
      results.metric("rebalance", "Rebalance of 40,000 queues, I/O thread", "ms", true);
    }
    if (options.has("header")) {
      for (String kind : ScaleBenchmark.HEADERS) {
        results.metric("header_" + kind, "Header of 1 MiB, " + kind, "ms", true);
        results.metric("growth_" + kind, "… to one of 256 KiB", "×", true);
      }
    }
  }

  private static void declareConsumers(Results results, ScaleOptions options) {
    String many = String.format("%,d", options.consumers());
    if (options.apacheConsumers() > 0) {
      many += String.format(" (Apache: %,d)", options.apacheConsumers());
    }
    results.metric("started", "Consumers, " + many + ": started", "ms", true);
    results.metric("first", "… all have a message", "ms", true);
    results.metric("first_new", "… of groups that the broker did not know", "ms", true);
    results.metric("threads", "… threads of the library", "threads", true);
    results.metric("idle", "… CPU while idle", "% of a core", true);
    results.metric("memory", "… resident memory above that of one", "MiB", true);
    results.metric("memory_each", "… per consumer", "KiB", true);
  }

  static void judge(Results results, ScaleOptions options) {
    if (options.has("consumers")) {
      value(results, "Threads of ours with all consumers", "threads", "java", "<=", 16);
      value(results, "All consumers have their first message", "first", "java", "<=", 5000);
      value(results, "CPU while idle with all consumers", "idle", "java", "<", 1);
      value(results, "Memory of all consumers above one's", "memory", "java", "<=", 150);
    }
    if (options.has("queues")) {
      value(results, "10,000 queues are pulled from", "queues", NATIVE, "<=", 2000);
    }
    if (options.has("rebalance")) {
      value(results, "Rebalance of 40,000 queues, I/O thread", "rebalance", NATIVE, "<=", 100);
    }
    if (options.has("header")) {
      for (String kind : ScaleBenchmark.HEADERS) {
        // Four would be exactly linear; the rest is the cache.
        String text = "Header four times as large, " + kind;
        value(results, text, "growth_" + kind, NATIVE, "<=", 6);
      }
    }
  }

  private static void value(
      Results results, String text, String metric, String of, String comparison, double limit) {
    results.valueGoal(text, metric, of, comparison, limit);
  }
}
