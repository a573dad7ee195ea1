package io.github.rocketffm.faults;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.PushConsumerBuilder;
import io.github.rocketffm.QueueListener;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SimpleConsumer;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Consumers of some {@link Kind}s, one each, with all settings as they are by default. */
final class Member implements AutoCloseable {
  private static final Duration INVISIBLE = Duration.ofSeconds(10);
  private static final int RECEIVERS = 4;

  /** Learns what is consumed. */
  interface Sink {
    void consumed(Kind kind, String body, MessageQueue queue, long offset);

    /** Before the listener of an orderly group is done with a message, and after. */
    default void enter(MessageQueue queue, String member) {}

    default void leave(MessageQueue queue, String member) {}
  }

  private final String instance;
  private final String[] nameServers;
  private final Sink sink;
  private final Map<Kind, PushConsumer> consumers = new EnumMap<>(Kind.class);
  private final Map<Kind, Set<MessageQueue>> queues = new ConcurrentHashMap<>();
  private SimpleConsumer simple;
  private volatile boolean stopped;

  Member(String instance, String[] nameServers, Set<Kind> kinds, Sink sink) {
    this.instance = instance;
    this.nameServers = nameServers;
    this.sink = sink;
    try {
      for (Kind kind : kinds) {
        start(kind);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  static Set<Kind> kinds(Collection<String> names) {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    names.forEach(name -> kinds.add(Kind.valueOf(name)));
    return kinds;
  }

  private void start(Kind kind) {
    if (kind == Kind.SIMPLE) {
      startSimple();
      return;
    }
    QueueListener listener = (topic, now) -> queues.put(kind, Set.copyOf(now));
    PushConsumerBuilder builder =
        PushConsumer.builder(kind.group())
            .nameServers(nameServers)
            .instanceName(instance)
            .consumeFrom(ConsumeFrom.firstOffset())
            // Each member has queues of each broker.
            .allocation(AllocationStrategy.averagelyByCircle())
            .subscribe(kind.topic(), FilterExpression.all())
            .queueListener(listener)
            .listener(message -> consume(kind, message));
    if (kind == Kind.ORDERLY) {
      builder.orderly();
    }
    consumers.put(kind, builder.start());
  }

  private ConsumeResult consume(Kind kind, ReceivedMessage message) {
    if (kind != Kind.ORDERLY) {
      sink.consumed(kind, text(message), message.queue(), message.queueOffset());
      return ConsumeResult.SUCCESS;
    }
    sink.enter(message.queue(), instance);
    try {
      sink.consumed(kind, text(message), message.queue(), message.queueOffset());
      return ConsumeResult.SUCCESS;
    } finally {
      sink.leave(message.queue(), instance);
    }
  }

  /** What is behind the first blank makes bodies large, and says nothing. */
  private static String text(ReceivedMessage message) {
    String body = message.bodyAsString();
    int blank = body.indexOf(' ');
    return blank < 0 ? body : body.substring(0, blank);
  }

  private void startSimple() {
    simple =
        SimpleConsumer.builder(Kind.SIMPLE.group())
            .nameServers(nameServers)
            .instanceName(instance)
            .consumeFrom(ConsumeFrom.firstOffset())
            .awaitDuration(Duration.ofSeconds(2))
            .subscribe(Kind.SIMPLE.topic(), FilterExpression.all())
            .start();
    for (int i = 0; i < RECEIVERS; i++) {
      Thread.ofPlatform().daemon().name("faults-receiver-" + i).start(this::receive);
    }
  }

  private void receive() {
    while (!stopped) {
      try {
        for (ReceivedMessage message : simple.receive(32, INVISIBLE)) {
          sink.consumed(Kind.SIMPLE, text(message), message.queue(), message.queueOffset());
          acknowledge(message);
        }
      } catch (RocketMqException e) {
        // The faults' doing; what counts is whether messages come.
        pause();
      }
    }
  }

  private void acknowledge(ReceivedMessage message) {
    try {
      simple.ack(message);
    } catch (RocketMqException e) {
      // It comes again, and is counted as a duplicate.
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The queues that it has of a kind, as its listener was told. */
  Set<MessageQueue> queues(Kind kind) {
    return queues.getOrDefault(kind, Set.of());
  }

  PushConsumer consumer(Kind kind) {
    return consumers.get(kind);
  }

  @Override
  public void close() {
    stopped = true;
    consumers.values().forEach(PushConsumer::close);
    if (simple != null) {
      simple.close();
    }
  }
}
