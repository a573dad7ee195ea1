package io.github.rocketffm.internal;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_reply_callback;
import io.github.rocketffm.internal.binding.rocketmq_reply_completion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The requests of a producer: calls down, replies up. */
public final class NativeRequests {
  private static final Logger LOGGER = LoggerFactory.getLogger(NativeRequests.class);
  private static final long CONTEXT = rocketmq_reply_completion.context$offset();
  private static final long REPLY = rocketmq_reply_completion.reply$offset();
  private static final long ERROR = rocketmq_reply_completion.error$offset();

  /** Receives the end of one asynchronous request, exactly once, on a thread of the library. */
  public interface Completion {
    /** One of the two is null. */
    void complete(ReceivedMessage reply, NativeError error);
  }

  private static final class Stub {
    static final MemorySegment ON_REPLY =
        rocketmq_reply_callback.allocate(NativeRequests::onReply, Arena.global());
  }

  /** Made beforehand, for when there is no memory left. */
  private static final NativeError UNREADABLE =
      NativeError.of(
          Rocketmq.ROCKETMQ_OUT_OF_MEMORY(),
          "the request ended, and its outcome could not be read for want of heap memory");

  private final NativeProducer<?> producer;
  private final PendingSends<Completion> pending = new PendingSends<>();
  private volatile boolean callbackSet;

  NativeRequests(NativeProducer<?> producer) {
    this.producer = producer;
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

  /** With the first request: a producer without requests needs no call up. */
  private void setCallback(MemorySegment pointer, MemorySegment error) throws NativeFailure {
    if (callbackSet) {
      return;
    }
    synchronized (this) {
      if (!callbackSet) {
        int status =
            Rocketmq.rocketmq_producer_set_reply_callback(
                pointer, Stub.ON_REPLY, producer.id(), error);
        NativeFailure.check(status, error);
        callbackSet = true;
      }
    }
  }

  private static void onReply(long context, MemorySegment completion) {
    // Nothing may leave an upcall: the virtual machine would end.
    try {
      NativeProducer<?> producer = NativeProducer.enter(context);
      producer.requests().complete(completion.address());
    } catch (Throwable e) {
      LibraryThread.report(LOGGER, "the end of a request was lost", e);
    }
  }

  /** A rocketmq_reply_completion at this address. */
  private void complete(long completion) {
    Completion waiting = pending.remove((int) Memory.address(completion + CONTEXT));
    ReceivedMessage received = null;
    NativeError failure = null;
    try {
      long reply = Memory.address(completion + REPLY);
      if (reply != 0) {
        received = producer.copy(reply);
      } else {
        long error = Memory.address(completion + ERROR);
        failure = NativeError.read(Memory.ALL.asSlice(error, rocketmq_error.sizeof()));
      }
    } catch (Throwable e) {
      // Whoever waits must learn of an end all the same.
      failure = UNREADABLE;
      LibraryThread.report(LOGGER, "the end of a request could not be read", e);
    }
    try {
      waiting.complete(received, failure);
    } catch (Throwable e) {
      LibraryThread.report(LOGGER, "what waited for a reply failed", e);
    }
  }
}
