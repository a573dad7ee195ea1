package io.github.rocketffm.internal;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.internal.Strings.MalformedText;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_producer_options;
import io.github.rocketffm.internal.binding.rocketmq_producer_statistics;
import io.github.rocketffm.internal.binding.rocketmq_queue_list;
import io.github.rocketffm.internal.binding.rocketmq_send_completion;
import io.github.rocketffm.internal.binding.rocketmq_send_result;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * A producer of the library: calls down, completions up.
 *
 * @param <R> what a send's result is made into
 */
public final class NativeProducer<R> {

  /** Makes a result of the fields of rocketmq_send_result. */
  public interface Results<R> {
    /** Ids are two numbers (see HexId), or the text that they are. */
    R create(
        int status,
        long messageIdHigh,
        long messageIdLow,
        String messageIdText,
        long offsetMessageIdHigh,
        long offsetMessageIdLow,
        String offsetMessageIdText,
        MessageQueue queue,
        long queueOffset,
        int attempts,
        String recallHandle,
        long transaction);
  }

  /** Receives the end of one asynchronous send, exactly once, on a thread of the library. */
  public interface Completion<R> {
    String topic();

    /** One of the two is null. */
    void complete(R result, NativeError error);

    /** In place of the other one, for a batch that was stored: a result for each message. */
    default void completeBatch(List<R> results) {
      throw new IllegalStateException("this was no batch");
    }
  }

  /** The numbers of 0 are the library's defaults. */
  public static final class Settings {
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
    public boolean retryNotStoreOk;
    public boolean blockWhenFull;
    public boolean avoidSlowBrokers;
    public boolean retrySameQueue;

    /** Null: the library's own. */
    public int[] retryResponseCodes;

    /** Null for a producer without transactions. */
    public NativeCheck.Receiver checks;

    /** Runs what waits for the ends of sends and requests; null: the thread of the library does. */
    public Executor completionExecutor;
  }

  static final int NONE = -1;
  private static final long CONTEXT = rocketmq_send_completion.context$offset();
  private static final long RESULT = rocketmq_send_completion.result$offset();
  private static final long ERROR = rocketmq_send_completion.error$offset();
  private static final long BATCH_RESULTS = rocketmq_send_completion.batch_results$offset();
  private static final long BATCH_COUNT = rocketmq_send_completion.batch_count$offset();
  private static final long STATUS = rocketmq_send_result.send_status$offset();
  private static final long QUEUE_ID = rocketmq_send_result.queue_id$offset();
  private static final long QUEUE_OFFSET = rocketmq_send_result.queue_offset$offset();
  private static final long ATTEMPTS = rocketmq_send_result.attempts$offset();
  private static final long MESSAGE_ID = rocketmq_send_result.message_id$offset();
  private static final long OFFSET_MESSAGE_ID = rocketmq_send_result.offset_message_id$offset();
  private static final long BROKER_NAME = rocketmq_send_result.broker_name$offset();
  private static final long RECALL_HANDLE = rocketmq_send_result.recall_handle$offset();
  private static final long TRANSACTION = rocketmq_send_result.transaction$offset();

  /** Made beforehand, for when there is no memory left. */
  private static final NativeError UNREADABLE =
      NativeError.unknownOutcome(
          Rocketmq.ROCKETMQ_OUT_OF_MEMORY(),
          "the send ended, and its outcome could not be read for want of heap memory: the message may"
              + " have been stored");

  /** Of the ends of its sends. */
  private final long source = Events.open(new Sent());

  private final Results<R> results;
  private final ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final QueueCache queues = new QueueCache();
  private final Sends pending;
  private final Hosts hosts = new Hosts();
  private final NativeRequests requests;

  /** Null for a producer without transactions. */
  private final NativeCheck.Source checks;

  /** Set once it is created. */
  private NativeHandle handle;

  private volatile boolean closing;
  private volatile boolean destroyed;

  private NativeProducer(Settings settings, Results<R> results) {
    this.results = results;
    pending = new Sends(settings.completionExecutor);
    requests = new NativeRequests(this, settings.completionExecutor);
    checks = settings.checks == null ? null : new NativeCheck.Source(this, settings.checks);
  }

  private void destroy(MemorySegment pointer) {
    if (checks != null) {
      checks.close();
    }
    Rocketmq.rocketmq_producer_destroy(pointer);
    destroyed = true;
    closeSource();
  }

  /** A callback that does not return keeps ends behind it, which are told once it does. */
  private void closeSource() {
    if (pending.isEmpty()) {
      Events.close(source);
    }
    requests.closeSource();
  }

  /** Creates and starts one; what it made is freed when that fails. */
  public static <R> NativeProducer<R> start(
      ClientSettings client, Settings settings, Results<R> results) throws NativeFailure {
    Runtime.ensureLoaded();
    NativeProducer<R> producer = new NativeProducer<>(settings, results);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      producer.create(client, settings, error, arena);
      MemorySegment pointer = producer.handle.enter();
      try {
        if (producer.checks != null) {
          NativeFailure.check(producer.checks.install(pointer, error, arena), error);
        }
        NativeFailure.check(Rocketmq.rocketmq_producer_start(pointer, error), error);
      } catch (NativeFailure e) {
        producer.handle.release();
        throw e;
      } finally {
        producer.handle.leave();
      }
      return producer;
    } catch (MalformedText e) {
      throw NativeFailure.invalid("a setting is no text: " + e.getMessage());
    }
  }

  private void create(ClientSettings client, Settings settings, MemorySegment error, Arena arena)
      throws NativeFailure, MalformedText {
    boolean created = false;
    try {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment options = write(settings, source, arena);
      NativeFailure.check(
          Rocketmq.rocketmq_producer_create(client.write(arena), options, out, error), error);
      handle = new NativeHandle(out.get(ValueLayout.ADDRESS, 0), this::destroy);
      created = true;
    } finally {
      if (!created) {
        closeSource();
        if (checks != null) {
          checks.close();
        }
      }
    }
  }

  void closeSourceIfDestroyed() {
    if (destroyed) {
      closeSource();
    }
  }

  private static MemorySegment write(Settings settings, long context, Arena arena)
      throws MalformedText {
    MemorySegment options = rocketmq_producer_options.allocate(arena);
    rocketmq_producer_options.size(options, rocketmq_producer_options.sizeof());
    Strings.set(rocketmq_producer_options.group(options), settings.group, arena);
    rocketmq_producer_options.on_sent(options, Rocketmq.rocketmq_event_on_sent$address());
    rocketmq_producer_options.context(options, context);
    rocketmq_producer_options.send_timeout_ms(options, settings.sendTimeoutMillis);
    rocketmq_producer_options.attempt_timeout_ms(options, settings.attemptTimeoutMillis);
    rocketmq_producer_options.max_attempts(options, settings.maxAttempts);
    rocketmq_producer_options.compress_threshold_bytes(options, settings.compressThresholdBytes);
    rocketmq_producer_options.compress_level(options, settings.compressLevel);
    rocketmq_producer_options.max_message_bytes(options, settings.maxMessageBytes);
    rocketmq_producer_options.max_in_flight_count(options, settings.maxInFlightCount);
    rocketmq_producer_options.max_in_flight_bytes(options, settings.maxInFlightBytes);
    rocketmq_producer_options.default_topic_queues(options, settings.defaultTopicQueues);
    rocketmq_producer_options.retry_not_store_ok(options, settings.retryNotStoreOk ? 1 : 0);
    rocketmq_producer_options.block_when_full(options, settings.blockWhenFull ? 1 : 0);
    rocketmq_producer_options.compression(options, settings.compression);
    rocketmq_producer_options.auto_batch_linger_ms(options, settings.autoBatchLingerMillis);
    rocketmq_producer_options.auto_batch_max_bytes(options, settings.autoBatchMaxBytes);
    rocketmq_producer_options.auto_batch_max_count(options, settings.autoBatchMaxCount);
    rocketmq_producer_options.retry_same_queue(options, settings.retrySameQueue ? 1 : 0);
    if (settings.retryResponseCodes != null) {
      // Of none there is a pointer all the same.
      MemorySegment codes = arena.allocate(4L * Math.max(1, settings.retryResponseCodes.length), 4);
      MemorySegment.copy(
          settings.retryResponseCodes,
          0,
          codes,
          ValueLayout.JAVA_INT,
          0,
          settings.retryResponseCodes.length);
      rocketmq_producer_options.retry_response_codes(options, codes);
      rocketmq_producer_options.retry_response_code_count(
          options, settings.retryResponseCodes.length);
    }
    rocketmq_producer_options.avoid_slow_brokers(options, settings.avoidSlowBrokers ? 1 : 0);
    rocketmq_producer_options.detect_interval_ms(options, settings.detectIntervalMillis);
    rocketmq_producer_options.detect_timeout_ms(options, settings.detectTimeoutMillis);
    return options;
  }

  /** Sends on this thread, and waits. */
  public R send(OutgoingMessage message, int timeoutMillis) throws NativeFailure {
    return send(message, timeoutMillis, false);
  }

  /** The same with a half message. */
  public R sendHalf(OutgoingMessage message, int timeoutMillis) throws NativeFailure {
    return send(message, timeoutMillis, true);
  }

  private R send(OutgoingMessage message, int timeoutMillis, boolean half) throws NativeFailure {
    MemorySegment producer = enter();
    try (SendMemory memory = SendMemory.take(message)) {
      MemorySegment outgoing = memory.message(message);
      MemorySegment options = memory.options(timeoutMillis, false);
      int status =
          half
              ? Rocketmq.rocketmq_producer_send_half(
                  producer, outgoing, options, memory.result, memory.error)
              : Rocketmq.rocketmq_producer_send(
                  producer, outgoing, options, memory.result, memory.error);
      NativeFailure.check(status, memory.error);
      return read(message.topic, memory.result, 0);
    } finally {
      handle.leave();
    }
  }

  /**
   * Begins a send; unless this throws, the completion is called exactly once.
   *
   * @param unlimited not counted against the limits of sends in flight
   */
  public void sendAsync(
      OutgoingMessage message, int timeoutMillis, boolean unlimited, Completion<R> completion)
      throws NativeFailure {
    sendAsync(message, timeoutMillis, unlimited, completion, false);
  }

  /** The same with a half message, whatever is in flight. */
  public void sendHalfAsync(OutgoingMessage message, int timeoutMillis, Completion<R> completion)
      throws NativeFailure {
    sendAsync(message, timeoutMillis, true, completion, true);
  }

  private void sendAsync(
      OutgoingMessage message,
      int timeoutMillis,
      boolean unlimited,
      Completion<R> completion,
      boolean half)
      throws NativeFailure {
    MemorySegment producer = enter();
    int send = NONE;
    boolean accepted = false;
    try (SendMemory memory = SendMemory.take(message)) {
      send = pending.add(completion);
      MemorySegment outgoing = memory.message(message);
      MemorySegment options = memory.options(timeoutMillis, unlimited);
      int status =
          half
              ? Rocketmq.rocketmq_producer_send_half_async(
                  producer, outgoing, options, send, memory.error)
              : Rocketmq.rocketmq_producer_send_async(
                  producer, outgoing, options, send, memory.error);
      NativeFailure.check(status, memory.error);
      accepted = true;
    } finally {
      if (!accepted && send != NONE) {
        pending.remove(send);
      }
      handle.leave();
    }
  }

  /** Sends all in one request on this thread, and waits; a result for each. */
  public List<R> sendBatch(List<OutgoingMessage> batch, int timeoutMillis) throws NativeFailure {
    MemorySegment producer = enter();
    try (Arena arena = Arena.ofConfined();
        BatchMemory memory = new BatchMemory(batch)) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      int status =
          Rocketmq.rocketmq_producer_send_batch(
              producer,
              memory.messages(),
              batch.size(),
              memory.options(timeoutMillis, false),
              memory.results(),
              error);
      NativeFailure.check(status, error);
      List<R> results = new ArrayList<>(batch.size());
      for (int i = 0; i < batch.size(); i++) {
        results.add(read(batch.get(i).topic, memory.result(i), 0));
      }
      return results;
    } finally {
      handle.leave();
    }
  }

  /** Begins to send all in one request; as {@link #sendAsync}, with one completion. */
  public void sendBatchAsync(
      List<OutgoingMessage> batch, int timeoutMillis, boolean unlimited, Completion<R> completion)
      throws NativeFailure {
    MemorySegment producer = enter();
    int send = NONE;
    boolean accepted = false;
    try (Arena arena = Arena.ofConfined();
        BatchMemory memory = new BatchMemory(batch)) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      send = pending.add(completion);
      int status =
          Rocketmq.rocketmq_producer_send_batch_async(
              producer,
              memory.messages(),
              batch.size(),
              memory.options(timeoutMillis, unlimited),
              send,
              error);
      NativeFailure.check(status, error);
      accepted = true;
    } finally {
      if (!accepted && send != NONE) {
        pending.remove(send);
      }
      handle.leave();
    }
  }

  /** The queues of a topic to send to. */
  public List<MessageQueue> queues(String topic) throws NativeFailure {
    MemorySegment producer = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      NativeFailure.check(
          Rocketmq.rocketmq_producer_get_queues(producer, Strings.of(topic, arena), out, error),
          error);
      MemorySegment list = out.get(ValueLayout.ADDRESS, 0);
      try {
        MemorySegment found = list.reinterpret(rocketmq_queue_list.sizeof());
        return queues.read(
            topic, rocketmq_queue_list.queues(found), rocketmq_queue_list.count(found));
      } finally {
        Rocketmq.rocketmq_queue_list_destroy(list);
      }
    } catch (MalformedText e) {
      throw NativeFailure.invalid("the topic " + e.getMessage());
    } finally {
      handle.leave();
    }
  }

  public void recall(String topic, String recallHandle, int timeoutMillis) throws NativeFailure {
    MemorySegment producer = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      NativeFailure.check(
          Rocketmq.rocketmq_producer_recall(
              producer,
              Strings.of(topic, arena),
              Strings.of(recallHandle, arena),
              timeoutMillis,
              error),
          error);
    } catch (MalformedText e) {
      throw NativeFailure.invalid("the topic or the recall handle " + e.getMessage());
    } finally {
      handle.leave();
    }
  }

  /** Hands a message to the connection, without an acknowledgement. */
  public void sendOneWay(OutgoingMessage message) throws NativeFailure {
    MemorySegment producer = enter();
    try (SendMemory memory = SendMemory.take(message)) {
      int status =
          Rocketmq.rocketmq_producer_send_one_way(
              producer, memory.message(message), MemorySegment.NULL, memory.error);
      NativeFailure.check(status, memory.error);
    } finally {
      handle.leave();
    }
  }

  public void warmUp(String topic) throws NativeFailure {
    MemorySegment producer = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      NativeFailure.check(
          Rocketmq.rocketmq_producer_warm_up(producer, Strings.of(topic, arena), error), error);
    } catch (MalformedText e) {
      throw NativeFailure.invalid("the topic " + e.getMessage());
    } finally {
      handle.leave();
    }
  }

  /** With one of ROCKETMQ_TRANSACTION_*; waits until the request was handed to the connection. */
  public void endTransaction(long transaction, int state) throws NativeFailure {
    MemorySegment producer = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      NativeFailure.check(
          Rocketmq.rocketmq_producer_end_transaction(producer, transaction, state, error), error);
    } finally {
      handle.leave();
    }
  }

  public NativeRequests requests() {
    return requests;
  }

  ClassLoader loader() {
    return loader;
  }

  /** A received message at this address, copied whole. */
  NativeMessage copy(long view) {
    return NativeMessage.copy(view, queues, hosts);
  }

  /** Keeps the native producer until {@link #release}; null when it is gone. Also while it is being closed. */
  MemorySegment hold() {
    return handle.enter();
  }

  void release() {
    handle.leave();
  }

  /** In the order of rocketmq_producer_statistics. */
  public long[] statistics() throws NativeFailure {
    MemorySegment producer = handle.enter();
    if (producer == null) {
      throw closed();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statistics = rocketmq_producer_statistics.allocate(arena);
      rocketmq_producer_statistics.size(statistics, rocketmq_producer_statistics.sizeof());
      Rocketmq.rocketmq_producer_get_statistics(producer, statistics, MemorySegment.NULL);
      return statistics.asSlice(8).toArray(ValueLayout.JAVA_LONG);
    } finally {
      handle.leave();
    }
  }

  /** From now on no send is accepted; {@link #close} must follow. */
  public void refuse() {
    closing = true;
  }

  /**
   * Drains and ends, and waits for both: not to be called on a thread of the library. Idempotent; a concurrent call
   * waits too.
   */
  public void close(int timeoutMillis) {
    closing = true;
    MemorySegment producer = handle.enter();
    if (producer == null) {
      return;
    }
    try {
      Rocketmq.rocketmq_producer_close(producer, timeoutMillis, MemorySegment.NULL);
    } finally {
      pending.close();
      requests.close();
      handle.release();
      handle.leave();
    }
  }

  /** For one call, which ends with {@link #release}. */
  MemorySegment enter() throws NativeFailure {
    MemorySegment producer = closing ? null : handle.enter();
    if (producer == null) {
      throw closed();
    }
    return producer;
  }

  private static NativeFailure closed() {
    return NativeFailure.closed("the producer is closed: create another one");
  }

  /** A rocketmq_send_result at this address of the memory. */
  private R read(String topic, MemorySegment memory, long at) {
    long id = at + MESSAGE_ID;
    long idLength = length(memory, id);
    boolean hexId = HexId.fits(memory, id, idLength);
    long offsetId = at + OFFSET_MESSAGE_ID;
    long offsetIdLength = length(memory, offsetId);
    boolean hexOffsetId = HexId.fits(memory, offsetId, offsetIdLength);
    long broker = at + BROKER_NAME;
    int queueId = memory.get(ValueLayout.JAVA_INT, at + QUEUE_ID);
    return results.create(
        memory.get(ValueLayout.JAVA_INT, at + STATUS),
        hexId ? HexId.high(memory, id) : 0,
        hexId ? HexId.low(memory, id) : 0,
        hexId ? null : Strings.get(memory, id, idLength),
        hexOffsetId ? HexId.high(memory, offsetId) : 0,
        hexOffsetId ? HexId.low(memory, offsetId) : 0,
        hexOffsetId ? null : Strings.get(memory, offsetId, offsetIdLength),
        queues.find(topic, memory, broker, length(memory, broker), queueId),
        memory.get(ValueLayout.JAVA_LONG, at + QUEUE_OFFSET),
        memory.get(ValueLayout.JAVA_INT, at + ATTEMPTS),
        memory.get(ValueLayout.JAVA_BYTE, at + RECALL_HANDLE) == 0
            ? ""
            : Strings.get(memory, at + RECALL_HANDLE, length(memory, at + RECALL_HANDLE)),
        memory.get(ValueLayout.JAVA_LONG, at + TRANSACTION));
  }

  /** Of a text that ends with a NUL. */
  private static long length(MemorySegment memory, long offset) {
    long end = offset;
    while (memory.get(ValueLayout.JAVA_BYTE, end) != 0) {
      end++;
    }
    return end - offset;
  }

  private final class Sent implements Events.Handler {
    @Override
    public ClassLoader loader() {
      return loader;
    }

    @Override
    public void handle(Event event) {
      pending.handleAll(event);
      closeSourceIfDestroyed();
    }
  }

  /** What waits for the ends of sends. */
  private final class Sends extends Completions<Completion<R>> {
    Sends(Executor executor) {
      super(executor);
    }

    @Override
    long contextOffset() {
      return CONTEXT;
    }

    /** A rocketmq_send_completion. */
    @Override
    Ended read(Completion<R> waiting, long completion) {
      int count = Memory.ALL.get(ValueLayout.JAVA_INT, completion + BATCH_COUNT);
      long result = Memory.address(completion + RESULT);
      if (count > 0) {
        List<R> batch = new ArrayList<>(count);
        long pointers = Memory.address(completion + BATCH_RESULTS);
        for (int i = 0; i < count; i++) {
          batch.add(
              NativeProducer.this.read(
                  waiting.topic(), Memory.ALL, Memory.address(pointers + 8L * i)));
        }
        return () -> waiting.completeBatch(batch);
      }
      if (result != 0) {
        R sent = NativeProducer.this.read(waiting.topic(), Memory.ALL, result);
        return () -> waiting.complete(sent, null);
      }
      NativeError failure = error(Memory.address(completion + ERROR));
      return () -> waiting.complete(null, failure);
    }

    @Override
    Ended unreadable(Completion<R> waiting) {
      return () -> waiting.complete(null, UNREADABLE);
    }
  }
}
