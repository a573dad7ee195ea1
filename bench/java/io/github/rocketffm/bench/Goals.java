package io.github.rocketffm.bench;

/** What is measured, and what is asked of it. All goals are ratios within one run, or hold on any machine. */
final class Goals {
  private Goals() {}

  static void declare(Results results) {
    results.metric("sync_p50", "Sync send, p50", "µs", true);
    results.metric("sync_p99", "Sync send, p99", "µs", true);
    results.metric("sync_rate", "Sync send, 1 thread", "msg/s", false);
    results.metric("sync_cpu", "Sync send, CPU per message", "µs", true);
    results.metric("sync_heap", "Sync send, heap per message", "B", true);
    results.metric("async_rate", "Async send, 1,024 in flight", "msg/s", false);
    results.metric("async_cpu", "Async send, CPU per message", "µs", true);
    results.metric("async_heap", "Async send, heap per message", "B", true);
    results.metric("batch_rate", "Automatic batches, 128 B", "msg/s", false);
    results.metric("batch_cpu", "Automatic batches, CPU per message", "µs", true);
    results.metric("batch_heap", "Automatic batches, heap per message", "B", true);
    results.metric("drain_rate", "Drain of 200,000, batch listener", "msg/s", false);
    results.metric("drain_cpu", "Drain, CPU per message", "µs", true);
    results.metric("drain_heap", "Drain, heap per message", "B", true);
    results.metric("first_message", "First message after start()", "ms", true);
    results.metric("delivery_p50", "Send to listener, 500 msg/s, p50", "µs", true);
    results.metric("delivery_p99", "Send to listener, 500 msg/s, p99", "µs", true);
    results.metric("publish_p99", "Publish at 500 msg/s, p99", "µs", true);
    results.metric("first_ack", "Process start to first acknowledgement", "ms", true);
    results.metric("own_threads", "Threads of the library", "threads", true);
    results.metric("threads", "Threads of the process", "threads", true);
    results.metric("resident", "Resident memory after the work", "MiB", true);
    results.metric("idle", "CPU while idle", "%", true);
    results.metric("sink_rate", "Async send to the sink, 128 B", "msg/s", false);
    results.metric("sink_cpu", "Async send to the sink, CPU per message", "µs", true);
  }

  static void judge(Results results) {
    ratio(results, "Sync send, p50: Java to raw probe", "sync_p50", "raw", "<=", 1.25);
    ratio(results, "Sync send, p50: Java to Apache", "sync_p50", "apache", "<=", 0.65);
    ratio(results, "Sync send, p99: Java to Apache", "sync_p99", "apache", "<=", 0.5);
    ratio(results, "Sync send, CPU: Java to Apache", "sync_cpu", "apache", "<=", 0.35);
    ratio(results, "Async send, rate: Java to raw probe", "async_rate", "raw", ">=", 0.9);
    ratio(results, "Async send, rate: Java to Apache", "async_rate", "apache", ">=", 1.3);
    ratio(results, "Async send, CPU: Java to Apache", "async_cpu", "apache", "<=", 0.4);
    value(results, "Sync send, heap per message, Java", "sync_heap", "java", "<=", 128);
    value(results, "Async send, heap per message, Java", "async_heap", "java", "<=", 256);
    ratio(results, "Drain, rate: Java to Apache", "drain_rate", "apache", ">=", 1.3);
    ratio(results, "Drain, CPU: Java to Apache", "drain_cpu", "apache", "<=", 0.5);
    value(results, "Drain, heap per message, Java", "drain_heap", "java", "<=", 400);
    value(results, "First message after start(), Java", "first_message", "java", "<=", 150);
    ratio(results, "Send to listener, p50: Java to Apache", "delivery_p50", "apache", "<=", 0.9);
    ratio(results, "Send to listener, p99: Java to Apache", "delivery_p99", "apache", "<=", 0.6);
    value(results, "Send to listener, p99, Java", "delivery_p99", "java", "<", 10_000);
    value(results, "Publish at 500 msg/s, p99, Java", "publish_p99", "java", "<", 2000);
    ratio(results, "Process start to first ack: Java to Apache", "first_ack", "apache", "<=", 0.4);
    value(results, "Threads of ours, producer and consumer", "own_threads", "java", "<=", 10);
    ratio(results, "Resident memory: Java to Apache", "resident", "apache", "<=", 0.35);
    results.ratioGoal("Async to the sink: C to raw probe", "sink_rate", "c", "raw", ">=", 0.15);
    ratio(results, "Async to the sink: Java to raw probe", "sink_rate", "raw", ">=", 0.1);
    value(results, "CPU while idle, Java", "idle", "java", "<", 0.1);
  }

  private static void ratio(
      Results results, String text, String metric, String over, String comparison, double limit) {
    results.ratioGoal(text, metric, "java", over, comparison, limit);
  }

  private static void value(
      Results results, String text, String metric, String of, String comparison, double limit) {
    results.valueGoal(text, metric, of, comparison, limit);
  }
}
