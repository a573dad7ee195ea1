package io.github.rocketffm.internal.memory;

/** Keeps the native memory in which bodies lie. */
public interface BodyOwner {
  /** For reading a body; false once the memory is gone. Ends with {@link #leave}. */
  boolean enter();

  void leave();
}
