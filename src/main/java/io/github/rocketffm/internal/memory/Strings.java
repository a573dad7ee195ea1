package io.github.rocketffm.internal.memory;

import io.github.rocketffm.internal.binding.rocketmq_string;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Texts in both directions: rocketmq_string, and UTF-8 in plain memory. */
public final class Strings {
  /** UTF-8 takes no more for one char of Java. */
  public static final int MOST_BYTES_PER_CHAR = 3;

  /** Of a rocketmq_string. */
  public static final long SIZE = rocketmq_string.sizeof();

  private Strings() {}

  /** Thrown for half a surrogate pair, which UTF-8 cannot express. */
  public static final class MalformedText extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedText(String text) {
      super(
          "\"" + text + "\" has half of a surrogate pair, which is no character",
          null,
          false,
          false);
    }
  }

  /** Writes a text as UTF-8, and returns how many bytes it took. */
  public static long write(String text, MemorySegment memory, long offset) throws MalformedText {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        return writeEncoded(text, memory, offset);
      }
      memory.set(ValueLayout.JAVA_BYTE, offset + i, (byte) c);
    }
    return length;
  }

  /** The bytes of a text in UTF-8. */
  public static long utf8Length(String text) {
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      // A character beyond the first plane has two surrogates, and 4 bytes.
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }

  private static long writeEncoded(String text, MemorySegment memory, long offset)
      throws MalformedText {
    ByteBuffer utf8 = encode(text);
    MemorySegment.copy(MemorySegment.ofBuffer(utf8), 0, memory, offset, utf8.remaining());
    return utf8.remaining();
  }

  private static ByteBuffer encode(String text) throws MalformedText {
    try {
      return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
    } catch (CharacterCodingException e) {
      throw new MalformedText(text);
    }
  }

  public static void set(MemorySegment string, String text, Arena arena) throws MalformedText {
    MemorySegment utf8 = MemorySegment.ofBuffer(encode(text));
    MemorySegment memory = arena.allocate(Math.max(utf8.byteSize(), 1));
    memory.copyFrom(utf8);
    rocketmq_string.data(string, memory);
    rocketmq_string.length(string, utf8.byteSize());
  }

  public static MemorySegment of(String text, Arena arena) throws MalformedText {
    MemorySegment string = rocketmq_string.allocate(arena);
    set(string, text, arena);
    return string;
  }

  public static String get(MemorySegment string) {
    long length = rocketmq_string.length(string);
    return get(rocketmq_string.data(string).reinterpret(length), 0, length);
  }

  /** The rocketmq_string at this address. */
  public static String at(long address) {
    return get(
        Memory.ALL,
        Memory.address(address + rocketmq_string.data$offset()),
        Memory.address(address + rocketmq_string.length$offset()));
  }

  public static String get(MemorySegment memory, long offset, long length) {
    if (length == 0) {
      return "";
    }
    byte[] utf8 = new byte[(int) length];
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, utf8, 0, utf8.length);
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
