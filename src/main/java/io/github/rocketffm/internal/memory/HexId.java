package io.github.rocketffm.internal.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Ids are nearly always 32 upper-case hexadecimal digits: they are held as two numbers, and made a text only for
 * whoever asks. What is no such id is held as the text that it is.
 */
public final class HexId {
  private static final int DIGITS = 32;
  private static final int HALF = 16;
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.ISO_8859_1);

  /** The values of the bytes that are digits; -1 for the others. */
  private static final byte[] VALUES = values();

  private HexId() {}

  private static byte[] values() {
    byte[] values = new byte[256];
    java.util.Arrays.fill(values, (byte) -1);
    for (byte i = 0; i < HEX.length; i++) {
      values[HEX[i]] = i;
    }
    return values;
  }

  /** Whether so many bytes can be held as two numbers. */
  public static boolean fits(MemorySegment memory, long offset, long length) {
    if (length != DIGITS) {
      return false;
    }
    int all = 0;
    for (int i = 0; i < DIGITS; i++) {
      all |= VALUES[memory.get(ValueLayout.JAVA_BYTE, offset + i) & 0xff];
    }
    return all >= 0;
  }

  /** The number of the first 16 of digits that fit. */
  public static long high(MemorySegment memory, long offset) {
    return parse(memory, offset);
  }

  /** The number of the last 16. */
  public static long low(MemorySegment memory, long offset) {
    return parse(memory, offset + HALF);
  }

  private static long parse(MemorySegment memory, long offset) {
    long value = 0;
    for (int i = 0; i < HALF; i++) {
      value = value << 4 | VALUES[memory.get(ValueLayout.JAVA_BYTE, offset + i) & 0xff];
    }
    return value;
  }

  /** The digits of both numbers. */
  public static String text(long high, long low) {
    byte[] digits = new byte[DIGITS];
    for (int i = 0; i < HALF; i++) {
      int shift = 60 - 4 * i;
      digits[i] = HEX[(int) (high >>> shift) & 15];
      digits[HALF + i] = HEX[(int) (low >>> shift) & 15];
    }
    return new String(digits, StandardCharsets.ISO_8859_1);
  }
}
