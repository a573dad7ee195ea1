package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.Strings.MalformedText;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A native object with the calls that use it: freed by whichever comes last, its owner's {@link #release} or the
 * end of the last call. So no call ever meets a freed object.
 */
final class NativeHandle {
  private static final int RELEASED = 1;
  private static final int USER = 2;

  private final String description;
  private final MemorySegment pointer;
  private final Consumer<MemorySegment> destroy;

  /** Twice the number of calls inside, and one when it is released. */
  private final AtomicInteger state = new AtomicInteger();

  private final AtomicInteger destroyed = new AtomicInteger();

  /** Of an object that is described as "the consumer", say. */
  NativeHandle(String description, MemorySegment pointer, Consumer<MemorySegment> destroy) {
    this.description = description;
    this.pointer = pointer;
    this.destroy = destroy;
  }

  /** The object for one call, which ends with {@link #leave}; null when it is released. */
  MemorySegment enter() {
    if ((state.getAndAdd(USER) & RELEASED) != 0) {
      leave();
      return null;
    }
    return pointer;
  }

  /** What one call does, with memory for its arguments and its error; returns its status. */
  interface Call {
    int apply(MemorySegment object, MemorySegment error, Arena arena) throws MalformedText;
  }

  /**
   * One call.
   *
   * @param texts what its texts are, as "the topic or the filter"
   */
  void call(String texts, Call call) throws NativeFailure {
    MemorySegment object = enter();
    if (object == null) {
      throw NativeFailure.closed(description + " is closed: create another one");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      NativeFailure.check(call.apply(object, error, arena), error);
    } catch (MalformedText e) {
      throw NativeFailure.invalid(texts + " " + e.getMessage());
    } finally {
      leave();
    }
  }

  void leave() {
    if (state.addAndGet(-USER) == RELEASED) {
      destroyOnce();
    }
  }

  void release() {
    int before = state.getAndUpdate(value -> value | RELEASED);
    if (before == 0) {
      destroyOnce();
    }
  }

  private void destroyOnce() {
    // A call that came too late and left at once is a last one too.
    if (destroyed.getAndSet(1) == 0) {
      destroy.accept(pointer);
    }
  }
}
