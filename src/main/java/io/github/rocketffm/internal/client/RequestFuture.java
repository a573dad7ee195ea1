package io.github.rocketffm.internal.client;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.calls.NativeRequests;
import io.github.rocketffm.internal.memory.NativeError;

/** One asynchronous request. Keeps its producer reachable, so that nobody forgets it meanwhile. */
final class RequestFuture extends LibraryFuture<ReceivedMessage>
    implements NativeRequests.Completion {
  private final DefaultProducer producer;

  RequestFuture(DefaultProducer producer) {
    this.producer = producer;
  }

  @Override
  public void complete(ReceivedMessage reply, NativeError error) {
    producer.requestTurns.ended();
    if (error == null) {
      complete(reply);
    } else {
      completeExceptionally(Failures.ofEnd(error));
    }
  }
}
