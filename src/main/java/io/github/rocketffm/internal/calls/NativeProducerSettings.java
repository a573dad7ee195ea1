package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_producer_options;
import io.github.rocketffm.internal.memory.Strings;
import io.github.rocketffm.internal.memory.Strings.MalformedText;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.Executor;

/** What a producer is made with. The numbers of 0 are the library's defaults. */
public final class NativeProducerSettings implements Cloneable {
  public String group = "";
  public int sendTimeoutMillis;
  public int attemptTimeoutMillis;
  public int maxAttempts;
  public int compressThresholdBytes;
  public int compressLevel;
  public int maxMessageBytes;
  public int maxInFlightCount;
  public long maxInFlightBytes;
  public int defaultTopicQueues;
  public int compression;
  public int autoBatchLingerMillis;
  public int autoBatchMaxBytes;
  public int autoBatchMaxCount;
  public int detectIntervalMillis;
  public int detectTimeoutMillis;
  public int maxPendingChecks;
  public int checkTimeoutMillis;
  public boolean retryNotStoreOk;

  /** Not the library's own, which holds a virtual thread's carrier while it waits. */
  public boolean blockWhenFull;

  public boolean avoidSlowBrokers;
  public boolean retrySameQueue;

  /** Null: the library's own. */
  public int[] retryResponseCodes;

  /** Null for a producer without transactions. */
  public NativeCheck.Receiver checks;

  /** Runs what waits for the ends of sends and requests; null: the thread of the library does. */
  public Executor completionExecutor;

  /** A rocketmq_producer_options, whose sends' ends are told with this context. */
  MemorySegment write(long context, Arena arena) throws MalformedText {
    MemorySegment options = rocketmq_producer_options.allocate(arena);
    rocketmq_producer_options.size(options, rocketmq_producer_options.sizeof());
    Strings.set(rocketmq_producer_options.group(options), group, arena);
    rocketmq_producer_options.on_sent(options, Rocketmq.rocketmq_event_on_sent$address());
    rocketmq_producer_options.on_call_ended(
        options, Rocketmq.rocketmq_event_on_call_ended$address());
    rocketmq_producer_options.context(options, context);
    rocketmq_producer_options.send_timeout_ms(options, sendTimeoutMillis);
    rocketmq_producer_options.attempt_timeout_ms(options, attemptTimeoutMillis);
    rocketmq_producer_options.max_attempts(options, maxAttempts);
    rocketmq_producer_options.compress_threshold_bytes(options, compressThresholdBytes);
    rocketmq_producer_options.compress_level(options, compressLevel);
    rocketmq_producer_options.max_message_bytes(options, maxMessageBytes);
    rocketmq_producer_options.max_in_flight_count(options, maxInFlightCount);
    rocketmq_producer_options.max_in_flight_bytes(options, maxInFlightBytes);
    rocketmq_producer_options.default_topic_queues(options, defaultTopicQueues);
    rocketmq_producer_options.retry_not_store_ok(options, retryNotStoreOk ? 1 : 0);
    rocketmq_producer_options.compression(options, compression);
    rocketmq_producer_options.auto_batch_linger_ms(options, autoBatchLingerMillis);
    rocketmq_producer_options.auto_batch_max_bytes(options, autoBatchMaxBytes);
    rocketmq_producer_options.auto_batch_max_count(options, autoBatchMaxCount);
    rocketmq_producer_options.retry_same_queue(options, retrySameQueue ? 1 : 0);
    if (retryResponseCodes != null) {
      // Of none there is a pointer all the same.
      MemorySegment codes = arena.allocate(4L * Math.max(1, retryResponseCodes.length), 4);
      MemorySegment.copy(
          retryResponseCodes, 0, codes, ValueLayout.JAVA_INT, 0, retryResponseCodes.length);
      rocketmq_producer_options.retry_response_codes(options, codes);
      rocketmq_producer_options.retry_response_code_count(options, retryResponseCodes.length);
    }
    rocketmq_producer_options.avoid_slow_brokers(options, avoidSlowBrokers ? 1 : 0);
    rocketmq_producer_options.detect_interval_ms(options, detectIntervalMillis);
    rocketmq_producer_options.detect_timeout_ms(options, detectTimeoutMillis);
    return options;
  }

  public NativeProducerSettings copy() {
    try {
      return (NativeProducerSettings) clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException(e);
    }
  }
}
