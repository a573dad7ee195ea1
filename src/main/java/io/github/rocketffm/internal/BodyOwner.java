package io.github.rocketffm.internal;

/** Keeps the native memory in which bodies lie. */
interface BodyOwner {
  /** For reading a body; false once the memory is gone. Ends with {@link #leave}. */
  boolean enter();

  void leave();
}
