package io.github.rocketffm.internal.client;

import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerStatistics;
import io.github.rocketffm.QueueSelector;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionSendResult;
import io.github.rocketffm.internal.calls.ClientSettings;
import io.github.rocketffm.internal.calls.LibraryThread;
import io.github.rocketffm.internal.calls.NativeProducer;
import io.github.rocketffm.internal.calls.NativeProducerSettings;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.OutgoingMessage;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;

/** The producer over the native one. */
final class DefaultProducer implements Producer {
  private static final int DEFAULT_SEND_TIMEOUT_MILLIS = 3000;
  private static final int DEFAULT_IN_FLIGHT = 1024;
  static final String GOES_ON = "the send goes on";

  private final String group;
  private final NativeProducer producer;
  private final int closeTimeoutMillis;
  private final int sendTimeoutMillis;
  private final boolean waitsWhenFull;

  /** Those that go together have the same timeout, which what waited before must not change. */
  private final boolean keepsTimeout;

  final SendTurns turns;

  /** Requests are counted apart, and wait longer. */
  final SendTurns requestTurns;

  /** Null for a producer without transactions. */
  private final TransactionChecks checks;

  private final ProducerCalls calls;
  private final ProducerTransactions transactions;
  private final String clientId;
  private final OffCarrier offCarrier = new OffCarrier();
  private final ClientLifecycle lifecycle;

  DefaultProducer(
      ClientSettings client,
      NativeProducerSettings settings,
      TransactionChecks checks,
      int closeTimeoutMillis) {
    this.group = settings.group;
    this.checks = checks;
    int mostInFlight =
        settings.maxInFlightCount == 0 ? DEFAULT_IN_FLIGHT : settings.maxInFlightCount;
    turns =
        new SendTurns(
            "send", "wait for completions, or raise maxInFlight or maxInFlightBytes", mostInFlight);
    requestTurns = new SendTurns("request", "wait for replies, or raise maxInFlight", mostInFlight);
    this.closeTimeoutMillis = closeTimeoutMillis;
    settings.checks = checks == null ? null : checks::receive;
    try {
      producer = NativeProducer.start(client, settings);
    } catch (NativeFailure e) {
      if (checks != null) {
        checks.close();
      }
      throw Failures.of(e);
    }
    boolean made = false;
    try {
      sendTimeoutMillis =
          settings.sendTimeoutMillis == 0
              ? DEFAULT_SEND_TIMEOUT_MILLIS
              : settings.sendTimeoutMillis;
      calls = new ProducerCalls(this, producer.calls(), offCarrier, sendTimeoutMillis);
      transactions =
          new ProducerTransactions(this, producer, checks, offCarrier, sendTimeoutMillis);
      clientId = call(producer::clientId);
      waitsWhenFull = settings.blockWhenFull;
      keepsTimeout = settings.autoBatchLingerMillis > 0;
      lifecycle =
          new ClientLifecycle(
              Producer.class,
              "a producer of group " + settings.group,
              closer(producer, checks)::closeWithin);
      lifecycle.closeWhenForgotten(this);
      made = true;
    } finally {
      if (!made) {
        // Of want of memory, say: nobody else could close it.
        closer(producer, checks).closeWithin(0);
      }
    }
  }

  private interface Closer {
    void closeWithin(int timeoutMillis);
  }

  /** Does not refer to the producer. */
  private static Closer closer(NativeProducer producer, TransactionChecks checks) {
    return timeoutMillis -> {
      producer.close(timeoutMillis);
      if (checks != null) {
        checks.close();
      }
    };
  }

  private static OutgoingMessage content(Message message) {
    return OutgoingMessage.of(Objects.requireNonNull(message, "message"));
  }

  /** A native call that waits for something. */
  interface Blocking<T> {
    T run() throws NativeFailure;
  }

  <T> T call(Blocking<T> call) {
    try {
      return call.run();
    } catch (NativeFailure e) {
      throw Failures.of(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private void callWithoutResult(OffCarrier.Call call) {
    call(
        () -> {
          call.run();
          return null;
        });
  }

  private static int timeoutMillis(Duration timeout) {
    return Arguments.timeoutMillis("timeout", timeout);
  }

  @Override
  public String group() {
    return group;
  }

  @Override
  public SendResult send(Message message) {
    return send(content(message), 0);
  }

  @Override
  public SendResult send(Message message, Duration timeout) {
    return send(content(message), timeoutMillis(timeout));
  }

  private SendResult send(OutgoingMessage content, int timeoutMillis) {
    if (Thread.currentThread().isVirtual()) {
      SendFuture future = new SendFuture(this, content.topic);
      // As many as there are threads that wait, as with platform threads.
      return future.awaitOf(
          () -> producer.sendAsync(content, timeoutMillis, true, future),
          limit(timeoutMillis),
          GOES_ON);
    }
    // Not by call(), as it takes no memory here.
    try {
      return producer.send(content, timeoutMillis);
    } catch (NativeFailure e) {
      throw Failures.of(e);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public SendResult send(Message message, QueueSelector selector) {
    return send(select(message, selector, 0), 0);
  }

  @Override
  public SendResult send(Message message, QueueSelector selector, Duration timeout) {
    int timeoutMillis = timeoutMillis(timeout);
    return send(select(message, selector, timeoutMillis), timeoutMillis);
  }

  private SendResult send(SelectedMessage selected, int timeoutMillis) {
    return send(selected.content(), left(selected, timeoutMillis));
  }

  private SelectedMessage select(Message message, QueueSelector selector, int timeoutMillis) {
    String topic = content(message).topic;
    Objects.requireNonNull(selector, "selector");
    long begin = System.nanoTime();
    return SelectedMessage.of(message, selector, calls.queues(topic, limit(timeoutMillis)), begin);
  }

  private int left(SelectedMessage selected, int timeoutMillis) {
    int left = selected.left(limit(timeoutMillis));
    return keepsTimeout || selected.spentMillis() == 0 ? timeoutMillis : left;
  }

  @Override
  public List<MessageQueue> queues(String topic) {
    return calls.queues(topic);
  }

  @Override
  public CompletableFuture<List<MessageQueue>> queuesAsync(String topic) {
    return calls.queuesAsync(topic);
  }

  @Override
  public List<SendResult> send(Collection<Message> messages) {
    return send(Batch.of(messages), 0);
  }

  @Override
  public List<SendResult> send(Collection<Message> messages, Duration timeout) {
    return send(Batch.of(messages), timeoutMillis(timeout));
  }

  private List<SendResult> send(Batch batch, int timeoutMillis) {
    if (Thread.currentThread().isVirtual()) {
      BatchFuture future = new BatchFuture(this, batch.topic());
      return future.awaitOf(
          () -> producer.sendBatchAsync(batch.notEmpty(), timeoutMillis, true, future),
          limit(timeoutMillis),
          GOES_ON);
    }
    return Collections.unmodifiableList(
        call(() -> producer.sendBatch(batch.notEmpty(), timeoutMillis)));
  }

  @Override
  public CompletableFuture<List<SendResult>> sendAsync(Collection<Message> messages) {
    return sendAsync(Batch.of(messages), () -> 0);
  }

  @Override
  public CompletableFuture<List<SendResult>> sendAsync(
      Collection<Message> messages, Duration timeout) {
    Batch batch = Batch.of(messages);
    Objects.requireNonNull(timeout, "timeout");
    return sendAsync(batch, () -> timeoutMillis(timeout));
  }

  private CompletableFuture<List<SendResult>> sendAsync(Batch batch, IntSupplier timeoutMillis) {
    BatchFuture future = new BatchFuture(this, batch.topic());
    future.begin(
        () ->
            begin(
                timeoutMillis.getAsInt(),
                left -> producer.sendBatchAsync(batch.notEmpty(), left, false, future)));
    return future;
  }

  @Override
  public String recall(String topic, String recallHandle) {
    return calls.recall(topic, recallHandle);
  }

  @Override
  public CompletableFuture<String> recallAsync(String topic, String recallHandle) {
    return calls.recallAsync(topic, recallHandle);
  }

  @Override
  public CompletableFuture<SendResult> sendAsync(Message message) {
    OutgoingMessage content = content(message);
    return new SendFuture(this, content.topic).begin(content, 0);
  }

  @Override
  public CompletableFuture<SendResult> sendAsync(Message message, Duration timeout) {
    OutgoingMessage content = content(message);
    Objects.requireNonNull(timeout, "timeout");
    SendFuture future = new SendFuture(this, content.topic);
    future.begin(() -> future.start(content, timeoutMillis(timeout)));
    return future;
  }

  @Override
  public CompletableFuture<SendResult> sendAsync(Message message, QueueSelector selector) {
    return sendAsync(message, selector, () -> 0);
  }

  @Override
  public CompletableFuture<SendResult> sendAsync(
      Message message, QueueSelector selector, Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    return sendAsync(message, selector, () -> timeoutMillis(timeout));
  }

  private CompletableFuture<SendResult> sendAsync(
      Message message, QueueSelector selector, IntSupplier timeoutMillis) {
    OutgoingMessage content = content(message);
    Objects.requireNonNull(selector, "selector");
    SendFuture future = new SendFuture(this, content.topic);
    future.begin(
        () -> {
          int timeout = timeoutMillis.getAsInt();
          SelectedMessage selected = select(message, selector, timeout);
          future.start(selected.content(), left(selected, timeout));
        });
    return future;
  }

  void sendAsync(OutgoingMessage content, int timeoutMillis, SendFuture future)
      throws NativeFailure {
    producer.sendAsync(content, timeoutMillis, false, future);
  }

  /** As soon as there is room, unless who is full is told so; what ends on this very thread is not waited for. */
  private void begin(SendTurns line, int timeoutMillis, SendTurns.Attempt send)
      throws NativeFailure {
    if (waitsWhenFull && !LibraryThread.isCurrent()) {
      line.begin(limit(timeoutMillis), send);
    } else {
      send.within(timeoutMillis);
    }
  }

  void begin(int timeoutMillis, SendTurns.Attempt send) throws NativeFailure {
    begin(turns, timeoutMillis, send);
  }

  /** What a send of this timeout tells the library, when so much of it is left. */
  int timeoutOf(int timeoutMillis, int leftMillis) {
    return keepsTimeout ? timeoutMillis : leftMillis;
  }

  int limit(int timeoutMillis) {
    return timeoutMillis == 0 ? sendTimeoutMillis : timeoutMillis;
  }

  @Override
  public void sendOneWay(Message message) {
    sendOneWay(content(message), 0);
  }

  @Override
  public void sendOneWay(Message message, Duration timeout) {
    sendOneWay(content(message), timeoutMillis(timeout));
  }

  @Override
  public void sendOneWay(Message message, QueueSelector selector) {
    sendOneWay(message, selector, 0);
  }

  @Override
  public void sendOneWay(Message message, QueueSelector selector, Duration timeout) {
    sendOneWay(message, selector, timeoutMillis(timeout));
  }

  private void sendOneWay(Message message, QueueSelector selector, int timeoutMillis) {
    SelectedMessage selected = select(message, selector, timeoutMillis);
    sendOneWay(selected.content(), left(selected, timeoutMillis));
  }

  private void sendOneWay(OutgoingMessage content, int timeoutMillis) {
    OutgoingMessage sent = Thread.currentThread().isVirtual() ? content.forOtherThreads() : content;
    callWithoutResult(
        () ->
            offCarrier.run(
                limit(timeoutMillis), true, () -> producer.sendOneWay(sent, timeoutMillis)));
  }

  @Override
  public Transaction begin(Message message) {
    return transactions.begin(content(message), 0);
  }

  @Override
  public Transaction begin(Message message, Duration timeout) {
    return transactions.begin(content(message), timeoutMillis(timeout));
  }

  @Override
  public CompletableFuture<Transaction> beginAsync(Message message) {
    return transactions.beginAsync(content(message), () -> 0);
  }

  @Override
  public CompletableFuture<Transaction> beginAsync(Message message, Duration timeout) {
    OutgoingMessage content = content(message);
    Objects.requireNonNull(timeout, "timeout");
    return transactions.beginAsync(content, () -> timeoutMillis(timeout));
  }

  @Override
  public TransactionSendResult sendInTransaction(Message message, Object argument) {
    OutgoingMessage content = content(message);
    return transactions.send(message, content, argument);
  }

  @Override
  public ReceivedMessage request(Message message, Duration timeout) {
    OutgoingMessage content = content(message);
    int timeoutMillis = timeoutMillis(timeout);
    if (Thread.currentThread().isVirtual()) {
      RequestFuture future = new RequestFuture(this);
      return future.awaitOf(
          () -> producer.requests().requestAsync(content, timeoutMillis, true, future),
          timeoutMillis,
          "the request goes on");
    }
    return call(() -> producer.requests().request(content, timeoutMillis));
  }

  @Override
  public CompletableFuture<ReceivedMessage> requestAsync(Message message, Duration timeout) {
    OutgoingMessage content = content(message);
    Objects.requireNonNull(timeout, "timeout");
    RequestFuture future = new RequestFuture(this);
    future.begin(
        () ->
            begin(
                requestTurns,
                timeoutMillis(timeout),
                left -> producer.requests().requestAsync(content, left, false, future)));
    return future;
  }

  @Override
  public void warmUp(String topic) {
    calls.warmUp(topic);
  }

  @Override
  public CompletableFuture<Void> warmUpAsync(String topic) {
    return calls.warmUpAsync(topic);
  }

  @Override
  public void flush() {
    flush(sendTimeoutMillis);
  }

  @Override
  public void flush(Duration timeout) {
    flush(timeoutMillis(timeout));
  }

  private void flush(int limitMillis) {
    callWithoutResult(
        () -> offCarrier.runInterruptibly(limitMillis, () -> producer.flush(limitMillis)));
  }

  @Override
  public String clientId() {
    return clientId;
  }

  @Override
  public ProducerStatistics statistics() {
    return Statistics.producer(call(producer::statistics));
  }

  @Override
  public void close() {
    closeWithin(closeTimeoutMillis);
  }

  @Override
  public void close(Duration timeout) {
    closeWithin(Arguments.closeMillis(timeout));
  }

  private void closeWithin(int timeoutMillis) {
    lifecycle.close(timeoutMillis, () -> checks != null && checks.isCurrent(), producer::refuse);
  }

  @Override
  public boolean isClosed() {
    return lifecycle.isClosed();
  }

  @Override
  public void awaitClose() {
    try {
      lifecycle.awaitClose();
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
