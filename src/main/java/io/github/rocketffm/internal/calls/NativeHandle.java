package io.github.rocketffm.internal.calls;

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

  private final MemorySegment pointer;
  private final Consumer<MemorySegment> destroy;

  /** Twice the number of calls inside, and one when it is released. */
  private final AtomicInteger state = new AtomicInteger();

  private final AtomicInteger destroyed = new AtomicInteger();

  NativeHandle(MemorySegment pointer, Consumer<MemorySegment> destroy) {
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
