package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_event;
import io.github.rocketffm.internal.memory.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The rocketmq_event of one thread: the state of an event is in native memory alone, where no failure loses it. */
final class Event {
  private static final int IDLE_MILLIS = 5_000;

  /** With a pause after each, some 3 s. */
  private static final int MOST_TRIES = 300;

  private static final long KIND = rocketmq_event.kind$offset();
  private static final long COUNT = rocketmq_event.count$offset();
  private static final long SOURCE = rocketmq_event.source$offset();
  private static final long DATA = rocketmq_event.data$offset();
  private static final long TOPIC = rocketmq_event.topic$offset();
  private static final long HANDLED = rocketmq_event.handled$offset();
  private static final long AGAIN = rocketmq_event.again_ms$offset();
  private static final long PROGRESS = rocketmq_event.progress$offset();
  private static final long ALONE = rocketmq_event.alone$offset();

  // Freed with the object, so that no failure on the way to its thread leaves it behind.
  private final Arena arena = Arena.ofAuto();
  private final MemorySegment event = rocketmq_event.allocate(arena);
  private final MemorySegment waiting = arena.allocate(ValueLayout.JAVA_INT);
  private final long at = event.address();
  int triesWithoutMemory;

  Event() {
    rocketmq_event.size(event, rocketmq_event.sizeof());
  }

  /** Ends the one before, if that is handled, and waits for the next one; returns how many threads wait. */
  int take(MemorySegment queue) {
    if (getInt(HANDLED) != 0) {
      triesWithoutMemory = 0;
    }
    Rocketmq.rocketmq_event_queue_take(queue, event, IDLE_MILLIS, waiting);
    return waiting.get(ValueLayout.JAVA_INT, 0);
  }

  private int getInt(long field) {
    return Memory.ALL.get(ValueLayout.JAVA_INT, at + field);
  }

  private void setInt(long field, int value) {
    Memory.ALL.set(ValueLayout.JAVA_INT, at + field, value);
  }

  int kind() {
    return getInt(KIND);
  }

  int count() {
    return getInt(COUNT);
  }

  long source() {
    return Memory.address(at + SOURCE);
  }

  /** The address of what a callback would have been given. */
  long data() {
    return Memory.address(at + DATA);
  }

  long topic() {
    return Memory.address(at + TOPIC);
  }

  boolean isAlone() {
    return getInt(ALONE) != 0;
  }

  /** Another thread was started for it: none is needed when it comes again. */
  void setAccompanied() {
    setInt(ALONE, 0);
  }

  /** Memory did not come back for long: whoever waits shall learn of an end, if not of its outcome. */
  boolean isLastTry() {
    return triesWithoutMemory >= MOST_TRIES;
  }

  /** A number of the handler's own, 0 at first, that stays with the event. */
  int progress() {
    return getInt(PROGRESS);
  }

  void setProgress(int progress) {
    setInt(PROGRESS, progress);
  }

  /** To be given again after a while, before what is behind it. */
  void repeatAfter(int millis) {
    setInt(AGAIN, millis);
  }

  /** Whatever was said of it before, it must not come again. */
  void setTaken() {
    setInt(AGAIN, 0);
    setInt(HANDLED, 1);
  }

  void setHandled() {
    if (getInt(AGAIN) == 0) {
      setInt(HANDLED, 1);
    } else {
      triesWithoutMemory = 0;
    }
  }
}
