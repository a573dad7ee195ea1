package io.github.rocketffm.internal.calls;

/** What waits for the end of an asynchronous call. */
public interface Waiting {
  /**
   * A synchronous call waits, and nothing of the application's is attached: told where the end is read, though the
   * executor may refuse or drop others.
   */
  default boolean isAwaited() {
    return false;
  }
}
