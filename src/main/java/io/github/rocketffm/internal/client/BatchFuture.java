package io.github.rocketffm.internal.client;

import io.github.rocketffm.SendResult;
import io.github.rocketffm.internal.calls.Ended;
import io.github.rocketffm.internal.calls.NativeProducer;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeSendResult;
import java.util.Collections;
import java.util.List;

/** The asynchronous send of a batch. Keeps its producer reachable. */
final class BatchFuture extends LibraryFuture<List<SendResult>>
    implements NativeProducer.Completion {
  private final DefaultProducer producer;
  private final String topic;

  BatchFuture(DefaultProducer producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public Ended ended(NativeSendResult result, NativeError error) {
    return () -> {
      producer.turns.ended();
      completeExceptionally(Failures.ofEnd(error));
    };
  }

  @Override
  public Ended endedBatch(List<NativeSendResult> results) {
    return () -> {
      producer.turns.ended();
      complete(Collections.unmodifiableList(results));
    };
  }
}
