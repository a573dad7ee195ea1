package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.memory.Memory;
import io.github.rocketffm.internal.memory.NativeError;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The asynchronous calls of one object that have not ended, and their ends: each is told exactly once. One whose end
 * cannot be read for want of memory, and a batch that the executor refuses, stay with the library and come again.
 *
 * @param <C> what waits
 */
abstract class Completions<C> {
  private static final Logger LOGGER = LoggerFactory.getLogger(Completions.class);
  private static final int REFUSED_MILLIS = 10;

  private final PendingCalls<C> pending = new PendingCalls<>();

  /** Null: what waits is told on the thread of the library. */
  private final Executor executor;

  /** What was told in the log once; any thread of the library may meet it. */
  private volatile boolean refusing;

  private volatile boolean closed;

  /** What the executor was given and has not begun: it may never do so. */
  private final PendingCalls<HandedOver> handedOver = new PendingCalls<>();

  Completions(Executor executor) {
    this.executor = executor;
  }

  /**
   * What owns this is closed, and waits for nothing but the ends that are left: with an executor that refuses, or has
   * dropped what it was given, as one that was shut down first, they are told here and on the thread of the library.
   */
  void close() {
    closed = true;
    handedOver.forEach(HandedOver.TELL);
  }

  int add(C waiting) {
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
    if (executor == null) {
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
      for (int i = 0; i < count; i++) {
        ended[i] = read(event, Memory.address(pointers + 8L * i));
      }
      if (!handOver(event, ended)) {
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
    if (executor == null) {
      handle(event, completion);
    } else if (event.progress() > 0 || handOver(event, new Ended[] {read(event, completion)})) {
      end(completion);
    }
  }

  private void handle(Event event, long completion) {
    Ended ended = read(event, completion);
    tell(ended);
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

  /** False where the executor refuses, in whatever way: to be done again. */
  private boolean handOver(Event event, Ended[] ended) {
    HandedOver task = null;
    try {
      task = new HandedOver(ended, handedOver);
      executor.execute(task);
      event.setProgress(1);
      refusing = false;
      if (closed) {
        // The close may have passed it by.
        task.run();
      }
      return true;
    } catch (Throwable e) {
      if (task != null && !task.claim()) {
        // It runs, although the executor failed.
        event.setProgress(1);
        return true;
      }
      if (task != null && closed) {
        event.setProgress(1);
        task.tellAll();
        return true;
      }
      event.repeatAfter(REFUSED_MILLIS);
      if (!refusing) {
        refusing = true;
        LibraryThread.report(
            LOGGER,
            "the executor refused ends of calls, which are handed over again until it takes them",
            e);
      }
      return false;
    }
  }

  /** Ends on their way to an executor; true once claimed, to be told there or to be handed over again. */
  @SuppressWarnings("serial") // It is one for want of another object, and is not serialised.
  private static final class HandedOver extends AtomicBoolean implements Runnable {
    static final Consumer<HandedOver> TELL = HandedOver::run;

    private final Ended[] ended;
    private final PendingCalls<HandedOver> among;
    private final int place;

    HandedOver(Ended[] ended, PendingCalls<HandedOver> among) {
      this.ended = ended;
      this.among = among;
      place = among.reserve();
      among.put(place, this);
    }

    /** Once, by whoever tells them or gives them back. */
    boolean claim() {
      if (getAndSet(true)) {
        return false;
      }
      among.remove(place);
      return true;
    }

    @Override
    public void run() {
      if (claim()) {
        tellAll();
      }
    }

    /** By whoever has claimed it. */
    void tellAll() {
      for (Ended each : ended) {
        tellWithPatience(each);
      }
    }

    /** Nobody else tells it any more: until there is memory for it. */
    private static void tellWithPatience(Ended ended) {
      for (; ; ) {
        try {
          tell(ended);
          return;
        } catch (OutOfMemoryError e) {
          Events.pause();
        }
      }
    }
  }

  private static void tell(Ended ended) {
    try {
      ended.tell();
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      LibraryThread.report(LOGGER, "what waited for a call failed", e);
    }
  }

  static NativeError error(long address) {
    return NativeError.read(MemorySegment.ofAddress(address).reinterpret(rocketmq_error.sizeof()));
  }
}
