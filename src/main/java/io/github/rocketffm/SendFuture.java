package io.github.rocketffm;

import io.github.rocketffm.internal.NativeError;
import io.github.rocketffm.internal.NativeProducer;

/** One asynchronous send. Keeps its producer reachable, so that nobody forgets it meanwhile. */
final class SendFuture extends LibraryFuture<SendResult>
    implements NativeProducer.Completion<SendResult> {
  /** Made beforehand, for a send that fails when there is no memory to tell how. */
  private static final RocketMqException NO_MEMORY =
      RocketMqException.of(
          RocketMqException.Details.maybeStored(
              ErrorKind.OUT_OF_MEMORY,
              "the send ended, and there was no heap memory left to tell how"));

  private final Producer producer;
  private final String topic;

  /** It has a place among the producer's {@link Producer#turns}. */
  boolean holdsTurn;

  SendFuture(Producer producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public void complete(SendResult result, NativeError error) {
    giveTurnBack();
    if (error == null) {
      complete(result);
    } else {
      completeExceptionally(failure(error));
    }
  }

  static RocketMqException failure(NativeError error) {
    try {
      return ClientBuilder.exception(error);
    } catch (OutOfMemoryError e) {
      if (ErrorKind.of(error.status()) == ErrorKind.OUT_OF_MEMORY) {
        return NO_MEMORY;
      }
      // It is told again when there is memory.
      throw e;
    }
  }

  void giveTurnBack() {
    if (holdsTurn) {
      holdsTurn = false;
      producer.turns.release();
    }
  }
}
