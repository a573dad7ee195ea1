package io.github.rocketffm;

import io.github.rocketffm.internal.NativeError;
import io.github.rocketffm.internal.NativeProducer;
import java.util.List;

/** The asynchronous send of a batch. Keeps its producer reachable. */
final class BatchFuture extends LibraryFuture<List<SendResult>>
    implements NativeProducer.Completion<SendResult> {
  private final Producer producer;
  private final String topic;

  /** It has a place among the producer's {@link Producer#turns}. */
  boolean holdsTurn;

  BatchFuture(Producer producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  void giveTurnBack() {
    if (holdsTurn) {
      holdsTurn = false;
      producer.turns.release();
    }
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public void complete(SendResult result, NativeError error) {
    giveTurnBack();
    completeExceptionally(SendFuture.failure(error));
  }

  @Override
  public void completeBatch(List<SendResult> results) {
    giveTurnBack();
    complete(results);
  }
}
