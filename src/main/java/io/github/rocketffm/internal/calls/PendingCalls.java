package io.github.rocketffm.internal.calls;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * What waits for the ends of sends, by a number that goes through the library and comes back once. Takes no memory for
 * each send. Any thread.
 *
 * @param <C> what waits
 */
final class PendingCalls<C> {
  private static final int CHUNK = 1024;

  private static final class Chunk<C> {
    final AtomicReferenceArray<C> waiting = new AtomicReferenceArray<>(CHUNK);

    /** Of a free place: the next free one, plus one; 0 at the end. */
    final AtomicIntegerArray next = new AtomicIntegerArray(CHUNK);
  }

  /** Only ever grows; replaced as a whole. */
  private volatile Chunk<C>[] chunks = array(0);

  /** The first free place, plus one, below a count of changes that keeps a late compare-and-set from succeeding. */
  private final AtomicLong free = new AtomicLong();

  @SuppressWarnings({"unchecked", "rawtypes"}) // Java has no arrays of generic types.
  private static <C> Chunk<C>[] array(int length) {
    return new Chunk[length];
  }

  /** The number under which it comes back. */
  int add(C waiting) {
    for (; ; ) {
      long head = free.get();
      int place = (int) head - 1;
      if (place < 0) {
        grow(head);
        continue;
      }
      Chunk<C> chunk = chunks[place / CHUNK];
      int next = chunk.next.get(place % CHUNK);
      if (free.compareAndSet(head, after(head, next))) {
        chunk.waiting.setRelease(place % CHUNK, waiting);
        return place;
      }
    }
  }

  /** A number for {@link #put}. */
  int reserve() {
    return add(null);
  }

  /** What waits under a number that was reserved. */
  void put(int place, C waiting) {
    chunks[place / CHUNK].waiting.setRelease(place % CHUNK, waiting);
  }

  /** What waits under that number. */
  C get(int place) {
    return chunks[place / CHUNK].waiting.getAcquire(place % CHUNK);
  }

  /** Looks at each place: for the end of whatever owns this. */
  boolean isEmpty() {
    for (Chunk<C> chunk : chunks) {
      for (int i = 0; i < CHUNK; i++) {
        if (chunk.waiting.getAcquire(i) != null) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whatever is there; what comes or goes meanwhile may be among it or not. */
  void forEach(Consumer<C> action) {
    for (Chunk<C> chunk : chunks) {
      for (int i = 0; i < CHUNK; i++) {
        C waiting = chunk.waiting.getAcquire(i);
        if (waiting != null) {
          action.accept(waiting);
        }
      }
    }
  }

  /** Takes it out; once for each number. */
  C remove(int place) {
    Chunk<C> chunk = chunks[place / CHUNK];
    C waiting = chunk.waiting.getAcquire(place % CHUNK);
    chunk.waiting.setRelease(place % CHUNK, null);
    for (; ; ) {
      long head = free.get();
      chunk.next.set(place % CHUNK, (int) head);
      if (free.compareAndSet(head, after(head, place + 1))) {
        return waiting;
      }
    }
  }

  private static long after(long head, int first) {
    return ((head >>> 32) + 1) << 32 | first;
  }

  private synchronized void grow(long seen) {
    if (free.get() != seen) {
      return;
    }
    Chunk<C>[] more = array(chunks.length + 1);
    System.arraycopy(chunks, 0, more, 0, chunks.length);
    Chunk<C> chunk = new Chunk<>();
    more[chunks.length] = chunk;
    int first = chunks.length * CHUNK;
    chunks = more;
    for (int i = CHUNK - 1; i >= 0; i--) {
      for (; ; ) {
        long head = free.get();
        chunk.next.set(i, (int) head);
        if (free.compareAndSet(head, after(head, first + i + 1))) {
          break;
        }
      }
    }
  }
}
