package io.github.rocketffm.internal.calls;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_call_completion;
import io.github.rocketffm.internal.binding.rocketmq_queue_list;
import io.github.rocketffm.internal.binding.rocketmq_recall_result;
import io.github.rocketffm.internal.memory.Memory;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.QueueCache;
import io.github.rocketffm.internal.memory.Strings;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** The calls of a producer that wait for servers and are no sends: down, and their ends up. */
public final class NativeCalls {
  private static final int DO_NOT_WAIT = -1;
  private static final long CONTEXT = rocketmq_call_completion.context$offset();
  private static final long ERROR = rocketmq_call_completion.error$offset();
  private static final long MESSAGE_ID = rocketmq_call_completion.message_id$offset();
  private static final long QUEUES = rocketmq_call_completion.queues$offset();
  private static final long QUEUE_COUNT = rocketmq_call_completion.queue_count$offset();
  private static final long ID = rocketmq_recall_result.message_id$offset();

  /** What a call gave: the id of a message that was recalled, or the queues that were asked for. */
  public record End(String messageId, List<MessageQueue> queues) {}

  /** Receives the end of one asynchronous call, exactly once, on a thread of the library. */
  public interface Completion {
    String topic();

    /** One of the two is null. */
    void complete(End end, NativeError error);
  }

  /** Made beforehand, for when there is no memory left. */
  private static final NativeError UNREADABLE =
      NativeError.unknownOutcome(
          Rocketmq.ROCKETMQ_OUT_OF_MEMORY(),
          "the call ended, and its outcome could not be read for want of heap memory");

  private final NativeProducer producer;
  private final QueueCache queues;

  /** Those that a thread waits for are told at once, whatever the executor does. */
  private final Ends awaited = new Ends(null);

  private final Ends pending;

  NativeCalls(NativeProducer producer, QueueCache queues, Executor executor) {
    this.producer = producer;
    this.queues = queues;
    pending = new Ends(executor);
  }

  /** As of the producer's sends. */
  void close() {
    awaited.close();
    pending.close();
  }

  boolean isEmpty() {
    return awaited.isEmpty() && pending.isEmpty();
  }

  /** The event's data is a rocketmq_call_completion. */
  void handle(Event event) {
    boolean waitedFor = (Memory.address(event.data() + CONTEXT) & 1) != 0;
    (waitedFor ? awaited : pending).handleOne(event);
  }

  /** The queues of a topic to send to; null where they are not known yet. Does not wait. */
  public List<MessageQueue> knownQueues(String topic) throws NativeFailure {
    return queues(topic, DO_NOT_WAIT);
  }

  /** The same; waits on this thread. */
  public List<MessageQueue> queues(String topic, int timeoutMillis) throws NativeFailure {
    List<List<MessageQueue>> found = new ArrayList<>(1);
    producer.call(
        "the topic",
        (pointer, error, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
          int status =
              Rocketmq.rocketmq_producer_get_queues(
                  pointer, Strings.of(topic, arena), timeoutMillis, out, error);
          MemorySegment list = out.get(ValueLayout.ADDRESS, 0);
          if (status == Rocketmq.ROCKETMQ_OK() && list.address() != 0) {
            found.add(take(topic, list));
          }
          return status;
        });
    return found.isEmpty() ? null : found.getFirst();
  }

  private List<MessageQueue> take(String topic, MemorySegment list) {
    try {
      MemorySegment sized = list.reinterpret(rocketmq_queue_list.sizeof());
      return List.copyOf(
          queues.read(topic, rocketmq_queue_list.queues(sized), rocketmq_queue_list.count(sized)));
    } finally {
      Rocketmq.rocketmq_queue_list_destroy(list);
    }
  }

  /** Waits on this thread; the id of the message. */
  public String recall(String topic, String recallHandle, int timeoutMillis) throws NativeFailure {
    String[] id = new String[1];
    producer.call(
        "the topic or the recall handle",
        (pointer, error, arena) -> {
          MemorySegment result = rocketmq_recall_result.allocate(arena);
          rocketmq_recall_result.size(result, rocketmq_recall_result.sizeof());
          int status =
              Rocketmq.rocketmq_producer_recall(
                  pointer,
                  Strings.of(topic, arena),
                  Strings.of(recallHandle, arena),
                  timeoutMillis,
                  result,
                  error);
          id[0] = result.getString(ID);
          return status;
        });
    return id[0];
  }

  /** Waits on this thread. */
  public void warmUp(String topic) throws NativeFailure {
    producer.call(
        "the topic",
        (pointer, error, arena) ->
            Rocketmq.rocketmq_producer_warm_up(pointer, Strings.of(topic, arena), error));
  }

  /** With one of ROCKETMQ_TRANSACTION_*; waits until the request was handed to the connection. */
  public void endTransaction(long transaction, int state) throws NativeFailure {
    producer.call(
        "nothing",
        (pointer, error, arena) ->
            Rocketmq.rocketmq_producer_end_transaction(pointer, transaction, state, error));
  }

  /** What begins a call under a number that comes back with its end. */
  private interface Begin {
    NativeHandle.Call with(long context);
  }

  /**
   * Begins a call; unless this throws, the completion is called exactly once.
   *
   * @param waitedFor told on the thread of the library, whatever the executor does
   */
  private void begin(String texts, Completion completion, boolean waitedFor, Begin begin)
      throws NativeFailure {
    Ends ends = waitedFor ? awaited : pending;
    int place = ends.add(completion);
    boolean accepted = false;
    try {
      producer.call(texts, begin.with((long) place << 1 | (waitedFor ? 1 : 0)));
      accepted = true;
    } finally {
      if (!accepted) {
        ends.remove(place);
      }
    }
  }

  public void queuesAsync(String topic, int timeoutMillis, boolean waitedFor, Completion completion)
      throws NativeFailure {
    begin(
        "the topic",
        completion,
        waitedFor,
        context ->
            (pointer, error, arena) ->
                Rocketmq.rocketmq_producer_get_queues_async(
                    pointer, Strings.of(topic, arena), timeoutMillis, context, error));
  }

  public void recallAsync(
      String topic,
      String recallHandle,
      int timeoutMillis,
      boolean waitedFor,
      Completion completion)
      throws NativeFailure {
    begin(
        "the topic or the recall handle",
        completion,
        waitedFor,
        context ->
            (pointer, error, arena) ->
                Rocketmq.rocketmq_producer_recall_async(
                    pointer,
                    Strings.of(topic, arena),
                    Strings.of(recallHandle, arena),
                    timeoutMillis,
                    context,
                    error));
  }

  public void warmUpAsync(String topic, boolean waitedFor, Completion completion)
      throws NativeFailure {
    begin(
        "the topic",
        completion,
        waitedFor,
        context ->
            (pointer, error, arena) ->
                Rocketmq.rocketmq_producer_warm_up_async(
                    pointer, Strings.of(topic, arena), context, error));
  }

  public void endTransactionAsync(long transaction, int state, Completion completion)
      throws NativeFailure {
    begin(
        "nothing",
        completion,
        false,
        context ->
            (pointer, error, arena) ->
                Rocketmq.rocketmq_producer_end_transaction_async(
                    pointer, transaction, state, context, error));
  }

  /** What waits for the ends of calls. */
  private final class Ends extends Completions<Completion> {
    Ends(Executor executor) {
      super(executor);
    }

    @Override
    long contextOffset() {
      return CONTEXT;
    }

    @Override
    int place(long context) {
      return (int) (context >>> 1);
    }

    /** A rocketmq_call_completion. */
    @Override
    Ended read(Completion waiting, long completion) {
      long failed = Memory.address(completion + ERROR);
      if (failed != 0) {
        NativeError failure = error(failed);
        return () -> waiting.complete(null, failure);
      }
      int count = Memory.ALL.get(ValueLayout.JAVA_INT, completion + QUEUE_COUNT);
      List<MessageQueue> found =
          List.copyOf(
              queues.read(
                  waiting.topic(),
                  MemorySegment.ofAddress(Memory.address(completion + QUEUES)),
                  count));
      End end = new End(Strings.at(completion + MESSAGE_ID), found);
      return () -> waiting.complete(end, null);
    }

    @Override
    Ended unreadable(Completion waiting) {
      return () -> waiting.complete(null, UNREADABLE);
    }
  }
}
