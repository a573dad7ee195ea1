package io.github.rocketffm.internal;

import io.github.rocketffm.internal.binding.rocketmq_string;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** rocketmq_string in both directions. */
final class Strings {
  private Strings() {}

  static void set(MemorySegment string, String text, Arena arena) {
    byte[] utf8 = Scratch.utf8(text);
    MemorySegment memory = arena.allocate(Math.max(utf8.length, 1));
    MemorySegment.copy(utf8, 0, memory, ValueLayout.JAVA_BYTE, 0, utf8.length);
    rocketmq_string.data(string, memory);
    rocketmq_string.length(string, utf8.length);
  }

  static void set(MemorySegment string, byte[] utf8, Scratch scratch) {
    if (utf8.length == 0) {
      return;
    }
    rocketmq_string.data(string, scratch.text(utf8));
    rocketmq_string.length(string, utf8.length);
  }

  static MemorySegment of(String text, Arena arena) {
    MemorySegment string = rocketmq_string.allocate(arena);
    set(string, text, arena);
    return string;
  }

  static String get(MemorySegment string) {
    int length = (int) rocketmq_string.length(string);
    return length == 0
        ? ""
        : new String(bytes(rocketmq_string.data(string), length), StandardCharsets.UTF_8);
  }

  static byte[] bytes(MemorySegment pointer, long length) {
    byte[] copy = new byte[(int) length];
    MemorySegment.copy(pointer.reinterpret(length), ValueLayout.JAVA_BYTE, 0, copy, 0, copy.length);
    return copy;
  }
}
