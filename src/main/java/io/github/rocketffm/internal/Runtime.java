package io.github.rocketffm.internal;

/** What must have happened before the first call into the library. */
final class Runtime {
  private static boolean installed;

  private Runtime() {}

  static synchronized void ensureLoaded() {
    NativeLibrary.load();
    if (installed) {
      NativeLog.syncLevel();
    } else {
      NativeLog.install();
      installed = true;
    }
  }
}
