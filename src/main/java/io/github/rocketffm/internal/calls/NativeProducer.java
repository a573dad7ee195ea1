package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_producer_statistics;
import io.github.rocketffm.internal.binding.rocketmq_send_completion;
import io.github.rocketffm.internal.memory.BatchMemory;
import io.github.rocketffm.internal.memory.Hosts;
import io.github.rocketffm.internal.memory.Memory;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.NativeMessage;
import io.github.rocketffm.internal.memory.NativeSendResult;
import io.github.rocketffm.internal.memory.OutgoingMessage;
import io.github.rocketffm.internal.memory.QueueCache;
import io.github.rocketffm.internal.memory.SendMemory;
import io.github.rocketffm.internal.memory.SendResultReader;
import io.github.rocketffm.internal.memory.Strings.MalformedText;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** A producer of the library: calls down, completions up. */
public final class NativeProducer {
  /** Receives the end of one asynchronous send, exactly once, on a thread of the library. */
  public interface Completion extends Waiting {
    String topic();

    /** One of the two is null. Again, should memory run out before it is told. */
    Ended ended(NativeSendResult result, NativeError error);

    /** In place of the other one, for a batch that was stored: a result for each message. */
    default Ended endedBatch(List<NativeSendResult> results) {
      throw new IllegalStateException("this was no batch");
    }
  }

  static final int NONE = -1;
  private static final long CONTEXT = rocketmq_send_completion.context$offset();
  private static final long RESULT = rocketmq_send_completion.result$offset();
  private static final long ERROR = rocketmq_send_completion.error$offset();
  private static final long BATCH_RESULTS = rocketmq_send_completion.batch_results$offset();
  private static final long BATCH_COUNT = rocketmq_send_completion.batch_count$offset();

  /** Made beforehand, for when there is no memory left. */
  private static final NativeError UNREADABLE =
      NativeError.unknownOutcome(
          Rocketmq.ROCKETMQ_OUT_OF_MEMORY(),
          "the send ended, and its outcome could not be read for want of heap memory: the message may"
              + " have been stored");

  /** Of the ends of its sends and calls. */
  private final long source = Events.open(new Sent());

  private final ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final QueueCache queues = new QueueCache();
  private final SendResultReader results = new SendResultReader(queues);
  private final Sends pending;
  private final Hosts hosts = new Hosts();
  private final NativeRequests requests;
  private final NativeCalls calls;

  /** Null for a producer without transactions. */
  private final NativeCheck.Source checks;

  /** The checks that were given out. */
  final PendingCalls<NativeCheck> outstandingChecks = new PendingCalls<>();

  /** Set once it is created. */
  private NativeHandle handle;

  private volatile boolean closing;

  /** No check is waited for any more. */
  volatile boolean closed;

  private volatile boolean destroyed;

  private NativeProducer(NativeProducerSettings settings) {
    pending = new Sends(settings.completionExecutor);
    requests = new NativeRequests(this, settings.completionExecutor);
    calls = new NativeCalls(this, queues, settings.completionExecutor);
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
    if (pending.isEmpty() && calls.isEmpty()) {
      Events.close(source);
    }
    requests.closeSource();
  }

  /** Creates and starts one; what it made is freed when that fails. */
  public static NativeProducer start(ClientSettings client, NativeProducerSettings settings)
      throws NativeFailure {
    NativeProducer producer = new NativeProducer(settings);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      producer.create(client, settings, error, arena);
      MemorySegment pointer = producer.handle.enter();
      try {
        if (producer.checks != null) {
          NativeFailure.check(producer.checks.install(pointer, settings, error, arena), error);
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

  private void create(
      ClientSettings client, NativeProducerSettings settings, MemorySegment error, Arena arena)
      throws NativeFailure, MalformedText {
    boolean created = false;
    try {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment options = settings.write(source, arena);
      NativeFailure.check(
          Rocketmq.rocketmq_producer_create(client.write(arena), options, out, error), error);
      handle = new NativeHandle("the producer", out.get(ValueLayout.ADDRESS, 0), this::destroy);
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

  /** Sends on this thread, and waits. */
  public NativeSendResult send(OutgoingMessage message, int timeoutMillis) throws NativeFailure {
    return send(message, timeoutMillis, false);
  }

  /** The same with a half message. */
  public NativeSendResult sendHalf(OutgoingMessage message, int timeoutMillis)
      throws NativeFailure {
    return send(message, timeoutMillis, true);
  }

  private NativeSendResult send(OutgoingMessage message, int timeoutMillis, boolean half)
      throws NativeFailure {
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
      return results.read(message.topic, memory.result, 0);
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
      OutgoingMessage message, int timeoutMillis, boolean unlimited, Completion completion)
      throws NativeFailure {
    sendAsync(message, timeoutMillis, unlimited, completion, false);
  }

  /** The same with a half message. */
  public void sendHalfAsync(
      OutgoingMessage message, int timeoutMillis, boolean unlimited, Completion completion)
      throws NativeFailure {
    sendAsync(message, timeoutMillis, unlimited, completion, true);
  }

  private void sendAsync(
      OutgoingMessage message,
      int timeoutMillis,
      boolean unlimited,
      Completion completion,
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
  public List<NativeSendResult> sendBatch(List<OutgoingMessage> batch, int timeoutMillis)
      throws NativeFailure {
    MemorySegment producer = enter();
    try (BatchMemory memory = new BatchMemory(batch)) {
      int status =
          Rocketmq.rocketmq_producer_send_batch(
              producer,
              memory.messages(),
              batch.size(),
              memory.options(timeoutMillis, false),
              memory.results(),
              memory.error);
      NativeFailure.check(status, memory.error);
      List<NativeSendResult> all = new ArrayList<>(batch.size());
      for (int i = 0; i < batch.size(); i++) {
        all.add(results.read(batch.get(i).topic, memory.result(i), 0));
      }
      return all;
    } finally {
      handle.leave();
    }
  }

  /** Begins to send all in one request; as {@link #sendAsync}, with one completion. */
  public void sendBatchAsync(
      List<OutgoingMessage> batch, int timeoutMillis, boolean unlimited, Completion completion)
      throws NativeFailure {
    MemorySegment producer = enter();
    int send = NONE;
    boolean accepted = false;
    try (BatchMemory memory = new BatchMemory(batch)) {
      send = pending.add(completion);
      int status =
          Rocketmq.rocketmq_producer_send_batch_async(
              producer,
              memory.messages(),
              batch.size(),
              memory.options(timeoutMillis, unlimited),
              send,
              memory.error);
      NativeFailure.check(status, memory.error);
      accepted = true;
    } finally {
      if (!accepted && send != NONE) {
        pending.remove(send);
      }
      handle.leave();
    }
  }

  void call(String texts, NativeHandle.Call call) throws NativeFailure {
    if (closing) {
      throw closed();
    }
    handle.call(texts, call);
  }

  /** The same while a close waits for what is in flight, too. */
  void callUntilClosed(String texts, NativeHandle.Call call) throws NativeFailure {
    handle.call(texts, call);
  }

  /** Hands a message to the connection, without an acknowledgement. */
  public void sendOneWay(OutgoingMessage message, int timeoutMillis) throws NativeFailure {
    MemorySegment producer = enter();
    try (SendMemory memory = SendMemory.take(message)) {
      int status =
          Rocketmq.rocketmq_producer_send_one_way(
              producer,
              memory.message(message),
              memory.options(timeoutMillis, false),
              memory.error);
      NativeFailure.check(status, memory.error);
    } finally {
      handle.leave();
    }
  }

  /** Waits until all sends that were accepted before have ended and were told. */
  public void flush(int timeoutMillis) throws NativeFailure {
    call(
        "nothing",
        (producer, error, arena) ->
            Rocketmq.rocketmq_producer_flush(producer, timeoutMillis, error));
  }

  /** The name by which brokers know the client. */
  public String clientId() throws NativeFailure {
    return ClientId.read(handle, Rocketmq::rocketmq_producer_get_client_id);
  }

  public NativeCalls calls() {
    return calls;
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
    long[][] values = new long[1][];
    handle.call(
        "nothing",
        (producer, error, arena) -> {
          MemorySegment statistics = rocketmq_producer_statistics.allocate(arena);
          rocketmq_producer_statistics.size(statistics, rocketmq_producer_statistics.sizeof());
          int status = Rocketmq.rocketmq_producer_get_statistics(producer, statistics, error);
          values[0] = statistics.asSlice(8).toArray(ValueLayout.JAVA_LONG);
          return status;
        });
    return values[0];
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
      closed = true;
      try {
        outstandingChecks.forEach(NativeCheck.ABANDON);
        pending.close();
        requests.close();
        calls.close();
      } finally {
        handle.release();
        handle.leave();
      }
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

  private final class Sent implements Events.Handler {
    @Override
    public ClassLoader loader() {
      return loader;
    }

    @Override
    public void handle(Event event) {
      if (event.kind() == Rocketmq.ROCKETMQ_EVENT_CALL()) {
        calls.handle(event);
      } else {
        pending.handleAll(event);
      }
      closeSourceIfDestroyed();
    }
  }

  /** What waits for the ends of sends. */
  private final class Sends extends Completions<Completion> {
    Sends(Executor executor) {
      super(executor);
    }

    @Override
    long contextOffset() {
      return CONTEXT;
    }

    /** A rocketmq_send_completion. */
    @Override
    Ended read(Completion waiting, long completion) {
      int count = Memory.ALL.get(ValueLayout.JAVA_INT, completion + BATCH_COUNT);
      long result = Memory.address(completion + RESULT);
      if (count > 0) {
        List<NativeSendResult> batch = new ArrayList<>(count);
        long pointers = Memory.address(completion + BATCH_RESULTS);
        for (int i = 0; i < count; i++) {
          batch.add(results.read(waiting.topic(), Memory.ALL, Memory.address(pointers + 8L * i)));
        }
        return waiting.endedBatch(batch);
      }
      if (result != 0) {
        return waiting.ended(results.read(waiting.topic(), Memory.ALL, result), null);
      }
      return waiting.ended(null, error(Memory.address(completion + ERROR)));
    }

    @Override
    Ended unreadable(Completion waiting) {
      return waiting.ended(null, UNREADABLE);
    }
  }
}
