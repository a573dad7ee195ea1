package io.github.rocketffm.internal.client;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The library's texts name settings as its C API does; here they get the names that a program of Java gave them. */
final class JavaNames {
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("allocation_machine_room", "the strategy's machineRooms"),
          Map.entry("allocation_machine_room_count", "the number of the strategy's machineRooms"),
          Map.entry("allocation_queue", "the strategy's queues"),
          Map.entry("allocation_queues", "the strategy's queues"),
          Map.entry("allocation_machine_rooms", "the strategy's machineRooms"),
          Map.entry("allocation_virtual_nodes", "the strategy's virtualNodes"),
          Map.entry("attempt_timeout_ms", "attemptTimeout (in ms)"),
          Map.entry("auto_batch_linger_ms", "autoBatch (in ms)"),
          Map.entry("auto_batch_max_bytes", "autoBatchLimits' bytes"),
          Map.entry("auto_batch_max_count", "autoBatchLimits' count"),
          Map.entry("avoid_slow_brokers", "avoidSlowBrokers"),
          Map.entry("await_ms", "awaitDuration (in ms)"),
          Map.entry("compress_level", "compressLevel"),
          Map.entry("compress_threshold_bytes", "compressThreshold"),
          Map.entry("connect_timeout_ms", "connectTimeout (in ms)"),
          Map.entry("consume_from", "consumeFrom"),
          Map.entry("consume_timeout_ms", "consumeTimeout (in ms)"),
          Map.entry("consume_timestamp_ms", "consumeFrom's timestamp (in ms)"),
          Map.entry("default_topic_queues", "defaultTopicQueues"),
          Map.entry("detect_interval_ms", "detectBrokers' interval (in ms)"),
          Map.entry("detect_timeout_ms", "detectBrokers' timeout (in ms)"),
          Map.entry("heartbeat_interval_ms", "heartbeatInterval (in ms)"),
          Map.entry("instance_name", "instanceName"),
          Map.entry("invisible_ms", "invisibleDuration (in ms)"),
          Map.entry("max_attempts", "maxAttempts"),
          Map.entry("max_batch_size", "batchSize"),
          Map.entry("max_cached_bytes_per_queue", "maxCachedBytesPerQueue"),
          Map.entry("max_cached_messages_per_queue", "maxCachedMessagesPerQueue"),
          Map.entry("max_in_flight_bytes", "maxInFlightBytes"),
          Map.entry("max_in_flight_count", "maxInFlight"),
          Map.entry("max_message_bytes", "maxMessageSize"),
          Map.entry("max_messages", "maxMessages"),
          Map.entry("max_outstanding_batches", "concurrency"),
          Map.entry("check_timeout_ms", "checkTimeout (in ms)"),
          Map.entry("max_frame_bytes", "maxFrameSize"),
          Map.entry("max_offset_span_per_queue", "maxOffsetSpanPerQueue"),
          Map.entry("max_pending_checks", "maxPendingChecks"),
          Map.entry("pull_suspend_timeout_ms", "pullSuspendTimeout (in ms)"),
          Map.entry("max_reconsume_times", "maxReconsumeTimes"),
          Map.entry("name_servers", "nameServers"),
          Map.entry("offset_directory", "offsetDirectory"),
          Map.entry("persist_offset_interval_ms", "persistOffsetInterval (in ms)"),
          Map.entry("pull_batch_size", "pullBatchSize"),
          Map.entry("pull_interval_ms", "pullInterval (in ms)"),
          Map.entry("rebalance_interval_ms", "rebalanceInterval (in ms)"),
          Map.entry("recall_handle", "recallHandle"),
          Map.entry("request_timeout", "requestTimeout"),
          Map.entry("request_timeout_ms", "requestTimeout (in ms)"),
          Map.entry("retry_not_store_ok", "retryAnotherBrokerWhenNotStoreOk"),
          Map.entry("retry_response_code_count", "the number of retryResponseCodes"),
          Map.entry("retry_same_queue", "retrySameQueue"),
          Map.entry("route_refresh_interval_ms", "routeRefreshInterval (in ms)"),
          Map.entry("send_timeout_ms", "sendTimeout (in ms)"),
          Map.entry("suspend_queue_ms", "suspendQueueTime (in ms)"),
          Map.entry("timeout_ms", "timeout (in ms)"));

  private static final Pattern NAME =
      Pattern.compile("(?:\\b[a-z]+(?:_[a-z]+)*_options\\.)?\\b([a-z]+(?:_[a-z]+)*)\\b");

  private JavaNames() {}

  /** What it touches is initialised and linked now: later there may be no memory for that. */
  static void prepare() {
    in("client_options.name_servers");
  }

  /** The same text with Java's names; what is between quotes is somebody's own. */
  static String in(String text) {
    if (text.indexOf('_') < 0) {
      return text;
    }
    StringBuilder told = new StringBuilder();
    String[] parts = text.split("\"", -1);
    for (int i = 0; i < parts.length; i++) {
      told.append(i == 0 ? "" : "\"").append(i % 2 == 0 ? named(parts[i]) : parts[i]);
    }
    return told.toString();
  }

  private static String named(String text) {
    return NAME.matcher(text.replace(": 0 takes the default, ", ": the default is "))
        .replaceAll(
            match -> {
              boolean ofOptions = match.group().indexOf('.') >= 0;
              String name = match.group(1);
              String known = NAMES.getOrDefault(name, ofOptions ? name : match.group());
              return Matcher.quoteReplacement(known);
            });
  }
}
