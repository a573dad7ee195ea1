package io.github.rocketffm.internal.memory;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The library's texts name things as its C API does; here they get the names that a program of Java gave them. */
public final class JavaNames {
  /** Of what differs by more than its spelling. */
  private static final Map<String, String> DIFFERENT =
      Map.ofEntries(
          Map.entry("again_ms", "the pause (in ms)"),
          Map.entry("allocation_machine_room", "the strategy's machineRooms"),
          Map.entry("allocation_machine_room_count", "the number of the strategy's machineRooms"),
          Map.entry("allocation_machine_rooms", "the strategy's machineRooms"),
          Map.entry("allocation_queue", "the strategy's queues"),
          Map.entry("allocation_queue_count", "the number of the strategy's queues"),
          Map.entry("allocation_queues", "the strategy's queues"),
          Map.entry("allocation_virtual_nodes", "the strategy's virtualNodes"),
          Map.entry("auto_batch_linger_ms", "autoBatch (in ms)"),
          Map.entry("auto_batch_max_bytes", "autoBatchLimits' bytes"),
          Map.entry("auto_batch_max_count", "autoBatchLimits' count"),
          Map.entry("await_ms", "awaitDuration (in ms)"),
          Map.entry("body_length", "the body's length"),
          Map.entry("compress_threshold_bytes", "compressThreshold"),
          Map.entry("consume_mode", "orderly"),
          Map.entry("consume_timestamp_ms", "consumeFrom's timestamp (in ms)"),
          Map.entry("detect_interval_ms", "detectBrokers' interval (in ms)"),
          Map.entry("detect_timeout_ms", "detectBrokers' timeout (in ms)"),
          Map.entry("encoded_properties", "properties"),
          Map.entry("get_queues", "queues"),
          Map.entry("has_priority", "priority"),
          Map.entry("filter_type", "the filter's kind"),
          Map.entry("invisible_ms", "invisibleDuration (in ms)"),
          Map.entry("malformed_pop", "malformed"),
          Map.entry("max_batch_size", "batchSize"),
          Map.entry("max_frame_bytes", "maxFrameSize"),
          Map.entry("max_in_flight_count", "maxInFlight"),
          Map.entry("max_message_bytes", "maxMessageSize"),
          Map.entry("max_outstanding_batches", "concurrency"),
          Map.entry("message_model", "broadcasting"),
          Map.entry("property_count", "the number of properties"),
          Map.entry("retry_not_store_ok", "retryAnotherBrokerWhenNotStoreOk"),
          Map.entry("retry_response_code_count", "the number of retryResponseCodes"),
          Map.entry("send_status", "status"),
          Map.entry("suspend_ms", "suspension (in ms)"),
          Map.entry("suspend_queue_ms", "suspendQueueTime (in ms)"));

  /** All others that its headers and texts have. */
  private static final String ALIKE =
      """
      access_key assigned_queues attempt_timeout_ms avoid_slow_brokers batch_count batch_results
      block_when_full born_host born_timestamp_ms broker_name cached_bytes cached_messages calls_in_flight check_id
      client_id on_call_ended queue_count
      check_threads check_timeout_ms compress_level connect_timeout_ms consume_from consume_start_timestamp_ms
      consume_threads consume_timeout_ms default_topic_queues delay_level deliver_at_ms delivery_id elapsed_ms
      heartbeat_interval_ms in_flight_bytes in_flight_count instance_name invisible_changes last_consume_ms
      last_pull_ms max_attempts max_cached_bytes_per_queue max_cached_bytes_per_topic max_cached_messages_per_queue
      max_cached_messages_per_topic max_in_flight_bytes
      max_messages max_offset_span_per_queue max_pending_checks max_reconsume_times may_be_stored message_id
      messages_acknowledged messages_consumed messages_delivered messages_filtered messages_left_out
      messages_received messages_sent_back messages_undecodable name_servers namespace_name new_handle
      offset_directory offset_message_id on_check on_completed on_messages on_queues_changed on_reply on_sent
      one_way_sends open_transactions outstanding_batches pending_checks persist_offset_interval_ms pull_batch_size
      pull_interval_ms pull_suspend_timeout_ms queue_id queue_max_offset queue_min_offset queue_offset
      rebalance_interval_ms receipt_handle recall_handle reconsume_times region_id reply_to request_timeout
      request_timeout_ms response_code retry_response_codes retry_same_queue route_refresh_interval_ms secret_key
      security_token select_context send_timeout_ms timestamp_ms
      sends_accepted sends_failed sends_retried sends_succeeded
      sharding_key store_host store_size store_timestamp_ms success_count system_flag timeout_ms transaction_id
      waiting_requests
      """;

  private static final Map<String, String> NAMES = names();

  /** Not a part of something longer, as a topic may be. */
  private static final Pattern NAME =
      Pattern.compile(
          "(?<![\\w%|@/-]|\\w\\.)(?:[a-z]+(?:_[a-z]+)*_options\\.)?\\b([a-z]+(?:_[a-z]+)*)(?![\\w%|@/-]|[:.]\\w)");

  /** In front of a server's remark. */
  private static final Pattern CODE = Pattern.compile("\\bcode -?\\d+: ");

  private static final int HEAD_CHARS = 32;

  /** The library cuts a remark at 511 bytes, which may be as few characters. */
  private static final int WHOLE_CHARS = 127;

  private JavaNames() {}

  private static Map<String, String> names() {
    Map<String, String> names = new HashMap<>(DIFFERENT);
    for (String name : ALIKE.strip().split("\\s+")) {
      boolean millis = name.endsWith("_ms");
      String[] words = (millis ? name.substring(0, name.length() - 3) : name).split("_");
      StringBuilder joined = new StringBuilder(words[0]);
      for (int i = 1; i < words.length; i++) {
        joined.append(Character.toUpperCase(words[i].charAt(0))).append(words[i].substring(1));
      }
      names.put(name, joined.append(millis ? " (in ms)" : "").toString());
    }
    return Map.copyOf(names);
  }

  /** What it touches is initialised and linked now: later there may be no memory for that. */
  public static void prepare() {
    in("client_options.name_servers has code 1: remark");
  }

  /**
   * The same text with Java's names. What is between quotes is somebody's own, and so is what follows a response code:
   * a server's remark, which is not told apart from what comes after it.
   */
  public static String in(String text) {
    if (text.indexOf('_') < 0) {
      return text;
    }
    Matcher code = CODE.matcher(text);
    return code.find()
        ? outsideQuotes(text.substring(0, code.end())) + text.substring(code.end())
        : outsideQuotes(text);
  }

  /** The same of a text that tells this remark of a server, which stays as it is. */
  public static String in(String text, String remark) {
    if (text.indexOf('_') < 0) {
      return text;
    }
    String head = remark.substring(0, Math.min(remark.length(), HEAD_CHARS));
    Matcher code = CODE.matcher(text);
    while (!remark.isEmpty() && code.find()) {
      int begin = code.end();
      if (text.startsWith(head, begin)) {
        // Either may be cut: then the rest of the text is the remark's.
        boolean whole = remark.length() < WHOLE_CHARS && text.startsWith(remark, begin);
        int end = whole ? begin + remark.length() : text.length();
        return outsideQuotes(text.substring(0, begin))
            + text.substring(begin, end)
            + outsideQuotes(text.substring(end));
      }
    }
    return in(text);
  }

  private static String outsideQuotes(String text) {
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
