package io.github.rocketffm.internal;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * A native object with the calls that use it: freed by whichever comes last, its owner's {@link #release} or the
 * end of the last call. So no call ever meets a freed object, and freeing never waits.
 */
final class NativeHandle {
  private final MemorySegment pointer;
  private final Consumer<MemorySegment> destroy;
  private int users = 1;
  private boolean released;

  NativeHandle(MemorySegment pointer, Consumer<MemorySegment> destroy) {
    this.pointer = pointer;
    this.destroy = destroy;
  }

  /** The object for one call, which ends with {@link #leave}; null when it is released. */
  synchronized MemorySegment enter() {
    if (released) {
      return null;
    }
    users++;
    return pointer;
  }

  void leave() {
    synchronized (this) {
      if (--users > 0) {
        return;
      }
    }
    destroy.accept(pointer);
  }

  void release() {
    synchronized (this) {
      if (released) {
        return;
      }
      released = true;
    }
    leave();
  }
}
