package io.github.rocketffm.internal.client;

import io.github.rocketffm.SendResult;
import io.github.rocketffm.internal.calls.Ended;
import io.github.rocketffm.internal.calls.NativeProducer;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.NativeSendResult;
import io.github.rocketffm.internal.memory.OutgoingMessage;

/**
 * One asynchronous send: how it begins, and its end. One object for all of it, as there may be a million a second.
 * Keeps its producer reachable, so that nobody forgets it meanwhile.
 */
final class SendFuture extends LibraryFuture<SendResult>
    implements NativeProducer.Completion, OffCarrier.Call, SendTurns.Attempt, Ended {
  private final DefaultProducer producer;
  private final String topic;
  private int timeoutMillis;

  /** While it begins: whoever keeps the future shall not keep the body. */
  private OutgoingMessage content;

  /** What is to be told; one of the two is null. */
  private NativeSendResult result;

  private NativeError error;

  SendFuture(DefaultProducer producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  /** Begins it as soon as there is room; a failure to do so is its end. */
  SendFuture begin(OutgoingMessage message, int timeout) {
    content = message;
    timeoutMillis = timeout;
    begin(this);
    content = null;
    return this;
  }

  /** The same, within a call that {@link LibraryFuture#begin} makes. */
  void start(OutgoingMessage message, int timeout) throws NativeFailure {
    content = message;
    timeoutMillis = timeout;
    try {
      run();
    } finally {
      content = null;
    }
  }

  @Override
  public void run() throws NativeFailure {
    producer.begin(timeoutMillis, this);
  }

  @Override
  public void within(int millis) throws NativeFailure {
    producer.sendAsync(content, producer.timeoutOf(timeoutMillis, millis), this);
  }

  @Override
  public String topic() {
    return topic;
  }

  @Override
  public Ended ended(NativeSendResult sent, NativeError failure) {
    result = sent;
    error = failure;
    return this;
  }

  @Override
  public void tell() {
    producer.turns.ended();
    if (error == null) {
      complete(result);
    } else {
      completeExceptionally(Failures.ofEnd(error));
    }
  }
}
