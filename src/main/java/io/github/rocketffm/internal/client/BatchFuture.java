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
    implements NativeProducer.Completion, Ended {
  private final DefaultProducer producer;
  private final String topic;

  /** What is to be told; one of the two is null. */
  private List<SendResult> results;

  private NativeError error;

  BatchFuture(DefaultProducer producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public Ended ended(NativeSendResult result, NativeError failure) {
    error = failure;
    return this;
  }

  @Override
  public Ended endedBatch(List<NativeSendResult> all) {
    results = Collections.unmodifiableList(all);
    return this;
  }

  @Override
  public void tell() {
    producer.turns.ended();
    if (error == null) {
      complete(results);
    } else {
      completeExceptionally(Failures.ofEnd(error));
    }
  }
}
