package io.github.rocketffm.internal.calls;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_reply_completion;
import io.github.rocketffm.internal.memory.Memory;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.OutgoingMessage;
import io.github.rocketffm.internal.memory.SendMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.Executor;

/** The requests of a producer: calls down, replies up. */
public final class NativeRequests {
  private static final long CONTEXT = rocketmq_reply_completion.context$offset();
  private static final long REPLY = rocketmq_reply_completion.reply$offset();
  private static final long ERROR = rocketmq_reply_completion.error$offset();

  /** Receives the end of one asynchronous request, exactly once, on a thread of the library. */
  public interface Completion extends Waiting {
    /** One of the two is null. */
    void complete(ReceivedMessage reply, NativeError error);
  }

  /** Made beforehand, for when there is no memory left. */
  private static final NativeError UNREADABLE =
      NativeError.unknownOutcome(
          Rocketmq.ROCKETMQ_OUT_OF_MEMORY(),
          "the request ended, and its outcome could not be read for want of heap memory");

  private final NativeProducer producer;
  private final Requests pending;

  /** Of the ends of requests; 0 before the first one, as most producers make none. */
  private volatile long source;

  public NativeRequests(NativeProducer producer, Executor executor) {
    this.producer = producer;
    pending = new Requests(executor);
  }

  /** As of the producer's sends. */
  void close() {
    pending.close();
  }

  /** As of the producer's sends. */
  void closeSource() {
    long opened = source;
    if (opened != 0 && pending.isEmpty()) {
      Events.close(opened);
    }
  }

  /** Sends on this thread, and waits for the reply. */
  public ReceivedMessage request(OutgoingMessage message, int timeoutMillis) throws NativeFailure {
    MemorySegment pointer = producer.enter();
    try (SendMemory memory = SendMemory.take(message);
        Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      int status =
          Rocketmq.rocketmq_producer_request(
              pointer,
              memory.message(message),
              memory.options(timeoutMillis, false),
              out,
              memory.error);
      NativeFailure.check(status, memory.error);
      MemorySegment reply = out.get(ValueLayout.ADDRESS, 0);
      try {
        return producer.copy(Rocketmq.rocketmq_reply_message(reply).address());
      } finally {
        Rocketmq.rocketmq_reply_destroy(reply);
      }
    } finally {
      producer.release();
    }
  }

  /**
   * Begins a request; unless this throws, the completion is called exactly once.
   *
   * @param unlimited not counted against the limit of requests that wait
   */
  public void requestAsync(
      OutgoingMessage message, int timeoutMillis, boolean unlimited, Completion completion)
      throws NativeFailure {
    MemorySegment pointer = producer.enter();
    int request = NativeProducer.NONE;
    boolean accepted = false;
    try (SendMemory memory = SendMemory.take(message)) {
      setCallback(pointer, memory.error);
      request = pending.add(completion);
      int status =
          Rocketmq.rocketmq_producer_request_async(
              pointer,
              memory.message(message),
              memory.options(timeoutMillis, unlimited),
              request,
              memory.error);
      NativeFailure.check(status, memory.error);
      accepted = true;
    } finally {
      if (!accepted && request != NativeProducer.NONE) {
        pending.remove(request);
      }
      producer.release();
    }
  }

  /** With the first request: a producer without requests needs no source. */
  private void setCallback(MemorySegment pointer, MemorySegment error) throws NativeFailure {
    if (source != 0) {
      return;
    }
    synchronized (this) {
      if (source == 0) {
        long opened = Events.open(new Replies());
        int status =
            Rocketmq.rocketmq_producer_set_reply_callback(
                pointer, Rocketmq.rocketmq_event_on_reply$address(), opened, error);
        if (status != Rocketmq.ROCKETMQ_OK()) {
          Events.close(opened);
        }
        NativeFailure.check(status, error);
        source = opened;
      }
    }
  }

  private final class Replies implements Events.Handler {
    @Override
    public ClassLoader loader() {
      return producer.loader();
    }

    @Override
    public void handle(Event event) {
      pending.handleOne(event);
      producer.closeSourceIfDestroyed();
    }
  }

  /** What waits for replies. */
  private final class Requests extends Completions<Completion> {
    Requests(Executor executor) {
      super(executor);
    }

    @Override
    long contextOffset() {
      return CONTEXT;
    }

    /** A rocketmq_reply_completion. */
    @Override
    Ended read(Completion waiting, long completion) {
      long reply = Memory.address(completion + REPLY);
      if (reply != 0) {
        ReceivedMessage received = producer.copy(reply);
        return () -> waiting.complete(received, null);
      }
      NativeError failure = error(Memory.address(completion + ERROR));
      return () -> waiting.complete(null, failure);
    }

    @Override
    Ended unreadable(Completion waiting) {
      return () -> waiting.complete(null, UNREADABLE);
    }
  }
}
