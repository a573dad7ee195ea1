package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.memory.NativeFailure;

/** What the library's consumers have in common. Any thread. */
public interface NativeConsumer {
  /** Adds a topic, or changes its filter: of type 0 by tags, 1 by SQL92. */
  void subscribe(String topic, int filterType, String expression) throws NativeFailure;

  void unsubscribe(String topic) throws NativeFailure;

  void start() throws NativeFailure;

  /** The name by which brokers know the client; once it is started. */
  String clientId() throws NativeFailure;

  /**
   * Ends it, and waits for that: not to be called on a thread of the library. Idempotent; a concurrent call waits too.
   */
  void close(int timeoutMillis);
}
