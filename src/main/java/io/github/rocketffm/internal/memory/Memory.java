package io.github.rocketffm.internal.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Native memory by its addresses, so that no segment is made for each struct and text that a call up points at. */
public final class Memory {
  /** All of it: the offset is the address. */
  public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private Memory() {}

  /** The pointer or 64-bit number at an address. */
  public static long address(long at) {
    return ALL.get(ValueLayout.JAVA_LONG, at);
  }
}
