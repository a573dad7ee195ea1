package io.github.rocketffm.internal.memory;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.rocketmq_message_view;
import io.github.rocketffm.internal.binding.rocketmq_string;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** What it costs to take a message over the boundary between Java and the library, without the library's own work. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class BoundaryBenchmark {
  private static final int BATCH = 32;

  /** A message to send, as the public API has it. */
  @State(Scope.Thread)
  public static class Outgoing {
    @Param({"128", "1024", "65536", "1048576"})
    public int size;

    /** Where the body lies. */
    @Param({"heap", "confined", "shared"})
    public String body;

    @Param({"0", "3"})
    public int properties;

    private Arena arena;
    OutgoingMessage message;

    @Setup
    public void make() {
      arena = body.equals("confined") ? Arena.ofConfined() : Arena.ofShared();
      OutgoingMessageBuilder builder = new OutgoingMessageBuilder("bench-topic");
      builder.tag("tag").key("order-2024-000123");
      if (body.equals("heap")) {
        builder.body(new byte[size]);
      } else {
        builder.body(arena.allocate(size));
      }
      for (int i = 0; i < properties; i++) {
        builder.property("property-" + i, "value " + i);
      }
      message = OutgoingMessage.of(builder.build());
    }

    @TearDown
    public void free() {
      arena.close();
    }
  }

  /** The arguments of a send: a rocketmq_message with all that it points at. */
  @Benchmark
  public void writeMessage(Outgoing outgoing, Blackhole hole) throws NativeFailure {
    try (SendMemory memory = SendMemory.take(outgoing.message)) {
      hole.consume(memory.message(outgoing.message).address());
    }
  }

  /** A batch as the library gives it to a listener. */
  @State(Scope.Thread)
  public static class Incoming implements BodyOwner {
    @Param({"1024", "65536", "1048576"})
    public int size;

    private final Arena arena = Arena.ofShared();
    private final QueueCache queues = new QueueCache();
    private final Hosts hosts = new Hosts();
    private final long[] views = new long[BATCH];

    @Setup
    public void make() {
      for (int i = 0; i < BATCH; i++) {
        views[i] = view(i).address();
      }
    }

    private MemorySegment view(int number) {
      MemorySegment view = rocketmq_message_view.allocate(arena);
      rocketmq_message_view.size(view, rocketmq_message_view.sizeof());
      text(rocketmq_message_view.topic(view), "bench-topic");
      String id = String.format("7F000001000112345678%012X", number);
      text(rocketmq_message_view.message_id(view), id);
      text(rocketmq_message_view.offset_message_id(view), id);
      text(rocketmq_message_view.broker_name(view), "broker-a");
      text(rocketmq_message_view.born_host(view), "127.0.0.1:45678");
      text(rocketmq_message_view.store_host(view), "127.0.0.1:10911");
      text(
          rocketmq_message_view.encoded_properties(view),
          "UNIQ_KEY\u0001" + id + "\u0002KEYS\u0001order-1\u0002WAIT\u0001true");
      rocketmq_message_view.body(view, arena.allocate(size));
      rocketmq_message_view.body_length(view, size);
      rocketmq_message_view.queue_offset(view, number);
      return view;
    }

    private void text(MemorySegment string, String value) {
      MemorySegment bytes = arena.allocateFrom(value);
      rocketmq_string.data(string, bytes);
      rocketmq_string.length(string, bytes.byteSize() - 1);
    }

    NativeMessage[] read() {
      NativeMessage[] messages = new NativeMessage[BATCH];
      for (int i = 0; i < BATCH; i++) {
        messages[i] = new NativeMessage(this, views[i], queues, hosts);
      }
      return messages;
    }

    @Override
    public boolean enter() {
      return true;
    }

    @Override
    public void leave() {}

    @TearDown
    public void free() {
      arena.close();
    }
  }

  /** The messages of a batch as Java objects, whose bodies nobody asks for. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public Object readBatch(Incoming incoming) {
    return incoming.read();
  }

  /** The same, with a copy of each body. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void readBatchAndBodies(Incoming incoming, Blackhole hole) {
    for (ReceivedMessage message : incoming.read()) {
      hole.consume(message.body());
    }
  }

  /** The same, with each body read where it lies. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void readBatchInPlace(Incoming incoming, Blackhole hole) {
    for (ReceivedMessage message : incoming.read()) {
      hole.consume((int) message.<Byte>readBody(body -> body.get(ValueLayout.JAVA_BYTE, 0)));
    }
  }
}
