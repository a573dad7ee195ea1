package io.github.rocketffm.internal.client;

import io.github.rocketffm.SendResult;
import io.github.rocketffm.internal.calls.NativeProducer;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeSendResult;

/** One asynchronous send. Keeps its producer reachable, so that nobody forgets it meanwhile. */
final class SendFuture extends LibraryFuture<SendResult> implements NativeProducer.Completion {
  private final DefaultProducer producer;
  private final String topic;

  SendFuture(DefaultProducer producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public void complete(NativeSendResult result, NativeError error) {
    producer.turns.ended();
    if (error == null) {
      complete(result);
    } else {
      completeExceptionally(Failures.ofEnd(error));
    }
  }
}
