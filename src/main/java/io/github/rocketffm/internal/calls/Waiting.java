package io.github.rocketffm.internal.calls;

/** What waits for the end of an asynchronous call. */
public interface Waiting {
  /**
   * A synchronous call waits, and nothing of the application's is attached: told where the end is read, whatever the
   * executor does with others.
   */
  default boolean isAwaited() {
    return false;
  }
}
