package io.github.rocketffm;

import io.github.rocketffm.internal.NativeError;
import io.github.rocketffm.internal.NativeRequests;

/** One asynchronous request. Keeps its producer reachable, so that nobody forgets it meanwhile. */
final class RequestFuture extends LibraryFuture<ReceivedMessage>
    implements NativeRequests.Completion {
  @SuppressWarnings("unused") // for its reachability
  private final Producer producer;

  RequestFuture(Producer producer) {
    this.producer = producer;
  }

  @Override
  public void complete(ReceivedMessage reply, NativeError error) {
    if (error == null) {
      complete(reply);
    } else {
      completeExceptionally(SendFuture.failure(error));
    }
  }
}
