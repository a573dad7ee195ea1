package io.github.rocketffm;

import java.nio.charset.StandardCharsets;

/** Texts for the native library. */
final class Utf8 {
  private static final byte[] NONE = {};

  private Utf8() {}

  static byte[] bytes(String text) {
    return text.isEmpty() ? NONE : text.getBytes(StandardCharsets.UTF_8);
  }
}
