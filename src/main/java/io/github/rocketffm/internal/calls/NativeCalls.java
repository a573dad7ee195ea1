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
  public interface Completion extends Waiting {
    String topic();

    /** One of the two is null. Again, should memory run out before it is told. */
    Ended ended(End end, NativeError error);
  }

  /** Made beforehand, for when there is no memory left. */
  private static final NativeError UNREADABLE =
      NativeError.of(
          Rocketmq.ROCKETMQ_OUT_OF_MEMORY(),
          "the call ended, and its outcome could not be read for want of heap memory");

  private final NativeProducer producer;
  private final QueueCache queues;

  private final Ends pending;

  NativeCalls(NativeProducer producer, QueueCache queues, Executor executor) {
    this.producer = producer;
    this.queues = queues;
    pending = new Ends(executor);
  }

  /** As of the producer's sends. */
  void close() {
    pending.close();
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** The event's data is a rocketmq_call_completion. */
  void handle(Event event) {
    pending.handleOne(event);
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

  /**
   * With one of ROCKETMQ_TRANSACTION_*; waits until the request was handed to the connection. Also while a close waits
   * for what was begun.
   */
  public void endTransaction(long transaction, int state) throws NativeFailure {
    producer.callUntilClosed(
        "nothing",
        (pointer, error, arena) ->
            Rocketmq.rocketmq_producer_end_transaction(pointer, transaction, state, error));
  }

  /** What begins a call under a number that comes back with its end. */
  private interface Begin {
    NativeHandle.Call with(long context);
  }

  /** Begins a call; unless this throws, the completion is called exactly once. */
  private void begin(String texts, Completion completion, Begin begin) throws NativeFailure {
    int place = pending.add(completion);
    NativeHandle.Call call = begin.with(place);
    boolean[] accepted = new boolean[1];
    try {
      producer.call(
          texts,
          (pointer, error, arena) -> {
            int status = call.apply(pointer, error, arena);
            accepted[0] = status == Rocketmq.ROCKETMQ_OK();
            return status;
          });
    } finally {
      if (!accepted[0]) {
        pending.remove(place);
      }
    }
  }

  public void queuesAsync(String topic, int timeoutMillis, Completion completion)
      throws NativeFailure {
    begin(
        "the topic",
        completion,
        context ->
            (pointer, error, arena) ->
                Rocketmq.rocketmq_producer_get_queues_async(
                    pointer, Strings.of(topic, arena), timeoutMillis, context, error));
  }

  public void recallAsync(
      String topic, String recallHandle, int timeoutMillis, Completion completion)
      throws NativeFailure {
    begin(
        "the topic or the recall handle",
        completion,
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

  public void warmUpAsync(String topic, Completion completion) throws NativeFailure {
    begin(
        "the topic",
        completion,
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

    /** A rocketmq_call_completion. */
    @Override
    Ended read(Completion waiting, long completion) {
      long failed = Memory.address(completion + ERROR);
      if (failed != 0) {
        return waiting.ended(null, error(failed));
      }
      int count = Memory.ALL.get(ValueLayout.JAVA_INT, completion + QUEUE_COUNT);
      List<MessageQueue> found =
          List.copyOf(
              queues.read(
                  waiting.topic(),
                  MemorySegment.ofAddress(Memory.address(completion + QUEUES)),
                  count));
      return waiting.ended(new End(Strings.at(completion + MESSAGE_ID), found), null);
    }

    @Override
    Ended unreadable(Completion waiting) {
      return waiting.ended(null, UNREADABLE);
    }
  }
}
