package io.github.rocketffm.bench;

import java.util.function.Consumer;

/** What a Java client library must do to be measured; its own threads can be told by their names. */
interface BenchClient {
  /** Sends with no compression, and a timeout of 10 s. */
  interface Sender extends AutoCloseable {
    /** Returns once the broker has acknowledged. */
    void send(String topic, byte[] body) throws Exception;

    /** {@code done} is given null once the broker has acknowledged, or what failed. */
    void sendAsync(String topic, byte[] body, Consumer<Throwable> done) throws Exception;

    /** The message object alone, as the two above make it. */
    Object message(String topic, byte[] body);
  }

  /** Receives on the library's own threads. */
  interface Listener {
    /** The first bytes of a body. */
    default void message(byte[] begin) {}

    /** After the messages of a batch. */
    default void batch(int count) {}
  }

  /** Messages of the largest batch that a sender makes by itself. */
  int BATCH = 256;

  /** Of messages that go in batches. */
  int BATCHED_BODY = 128;

  /**
   * A sender of a producer group of its own.
   *
   * @param lingerMillis how long asynchronous sends wait for others, to go in one batch with them; 0: not at all
   */
  Sender sender(String group, int inFlight, int lingerMillis) throws Exception;

  /**
   * A consumer whose listener reads each body.
   *
   * @param fromFirst from the topic's first message on, otherwise from now on
   */
  AutoCloseable consume(String group, String topic, boolean fromFirst, int batch, Listener listener)
      throws Exception;

  /** Whether the thread with this name (as the system knows it) is the library's. */
  boolean isOwnThread(String name);
}
