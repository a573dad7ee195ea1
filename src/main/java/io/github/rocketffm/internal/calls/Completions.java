package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.memory.Memory;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The asynchronous calls of one object that have not ended, and their ends: each is told exactly once. One whose end
 * cannot be read for want of memory stays with the library and comes again.
 *
 * @param <C> what waits
 */
abstract class Completions<C extends Waiting> {
  private static final Logger LOGGER = LoggerFactory.getLogger(Completions.class);
  private static final int REFUSED_MILLIS = 10;

  private final PendingCalls<C> pending = new PendingCalls<>();

  /** Null: what waits is told on the thread of the library. */
  private final HandOvers handOvers;

  Completions(Executor executor) {
    handOvers = executor == null ? null : new HandOvers(executor);
  }

  /**
   * What owns this is closed, and waits for nothing but the ends that are left: with an executor that refuses, or has
   * dropped what it was given, as one that was shut down first, they are told here and on the thread of the library.
   */
  void close() {
    if (handOvers != null) {
      handOvers.close();
    }
  }

  /** Its number; throws where too many ends wait for an executor that refuses. */
  int add(C waiting) throws NativeFailure {
    if (handOvers != null && handOvers.isFull() && !waiting.isAwaited()) {
      throw NativeFailure.of(
          Rocketmq.ROCKETMQ_TOO_MANY_REQUESTS(),
          HandOvers.MOST_REFUSED
              + " ends of calls wait for completionExecutor, which refuses them: none begins until it takes some");
    }
    return pending.add(waiting);
  }

  void remove(int place) {
    pending.remove(place);
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** Reads the completion at this address, for what waits to be told of it by {@link Ended#tell}. */
  abstract Ended read(C waiting, long completion);

  /** In place of the completion, when there is no memory to read it. */
  abstract Ended unreadable(C waiting);

  /** What is told is freed here, if it is the callee's. */
  void ended(long completion) {}

  /** Where the number of the call is in its completion. */
  abstract long contextOffset();

  /** The event's data is an array of pointers to completions. */
  void handleAll(Event event) {
    int count = event.count();
    long pointers = event.data();
    if (handOvers == null) {
      for (int i = event.progress(); i < count; i++) {
        handle(event, Memory.address(pointers + 8L * i));
        event.setProgress(i + 1);
      }
      return;
    }
    // 0: not handed over; then one more than those that were ended, whose memory and places are
    // gone.
    if (event.progress() == 0) {
      Ended[] ended = new Ended[count];
      int others = 0;
      for (int i = 0; i < count; i++) {
        others = readOrTell(event, Memory.address(pointers + 8L * i), ended, others);
      }
      if (!handOver(event, others == count ? ended : Arrays.copyOf(ended, others))) {
        return;
      }
    }
    for (int i = event.progress() - 1; i < count; i++) {
      end(Memory.address(pointers + 8L * i));
      event.setProgress(i + 2);
    }
  }

  /** The event's data is one completion. */
  void handleOne(Event event) {
    long completion = event.data();
    if (handOvers == null) {
      handle(event, completion);
      return;
    }
    if (event.progress() == 0) {
      Ended[] ended = new Ended[1];
      int others = readOrTell(event, completion, ended, 0);
      if (!handOver(event, others == 1 ? ended : Arrays.copyOf(ended, others))) {
        return;
      }
    }
    end(completion);
  }

  /** Of those that are for the executor there are then so many. Again does no harm. */
  private int readOrTell(Event event, long completion, Ended[] forExecutor, int count) {
    Ended ended = read(event, completion);
    C waiting = pending.get(place(completion));
    if (waiting != null && waiting.isAwaited()) {
      HandOvers.tell(ended);
      return count;
    }
    forExecutor[count] = ended;
    return count + 1;
  }

  /** False where they are to be handed over again. */
  private boolean handOver(Event event, Ended[] ended) {
    if (ended.length > 0 && !handOvers.give(ended)) {
      event.repeatAfter(REFUSED_MILLIS);
      return false;
    }
    event.setProgress(1);
    return true;
  }

  private void handle(Event event, long completion) {
    Ended ended = read(event, completion);
    HandOvers.tell(ended);
    end(completion);
  }

  private void end(long completion) {
    ended(completion);
    pending.remove(place(completion));
  }

  private int place(long completion) {
    return (int) Memory.address(completion + contextOffset());
  }

  private Ended read(Event event, long completion) {
    C waiting = pending.get(place(completion));
    if (event.isLastTry()) {
      return unreadable(waiting);
    }
    try {
      return read(waiting, completion);
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      // Whoever waits must learn of an end all the same.
      LibraryThread.report(LOGGER, "the end of a call could not be read", e);
      return unreadable(waiting);
    }
  }

  static NativeError error(long address) {
    return NativeError.read(MemorySegment.ofAddress(address).reinterpret(rocketmq_error.sizeof()));
  }
}
