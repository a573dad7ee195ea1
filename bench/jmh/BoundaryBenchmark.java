package io.github.rocketffm.internal;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.rocketmq_message_batch;
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
    @Param({"128", "1024", "16384", "1048576"})
    public int size;

    @Param({"0", "3"})
    public int properties;

    OutgoingMessage message;

    @Setup
    public void make() {
      message = new OutgoingMessage();
      message.topic = "bench-topic";
      message.tag = "tag";
      message.keys = "order-2024-000123";
      message.body = new byte[size];
      message.properties = new String[2 * properties];
      for (int i = 0; i < properties; i++) {
        message.properties[2 * i] = "property-" + i;
        message.properties[2 * i + 1] = "value " + i;
      }
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
  public static class Incoming {
    private final Arena arena = Arena.ofShared();
    final QueueCache queues = new QueueCache();
    final Hosts hosts = new Hosts();
    MemorySegment batch;

    @Setup
    public void make() {
      MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, BATCH);
      for (int i = 0; i < BATCH; i++) {
        pointers.setAtIndex(ValueLayout.ADDRESS, i, view(i));
      }
      batch = rocketmq_message_batch.allocate(arena);
      rocketmq_message_batch.size(batch, rocketmq_message_batch.sizeof());
      rocketmq_message_batch.messages(batch, pointers);
      rocketmq_message_batch.count(batch, BATCH);
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
      rocketmq_message_view.body(view, arena.allocate(1024));
      rocketmq_message_view.body_length(view, 1024);
      rocketmq_message_view.queue_offset(view, number);
      return view;
    }

    private void text(MemorySegment string, String value) {
      MemorySegment bytes = arena.allocateFrom(value);
      rocketmq_string.data(string, bytes);
      rocketmq_string.length(string, bytes.byteSize() - 1);
    }

    @TearDown
    public void free() {
      arena.close();
    }
  }

  /** The messages of a batch as Java objects, whose bodies nobody asks for. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public Object readBatch(Incoming incoming) {
    return new NativeBatch(null, incoming.batch, incoming.queues, incoming.hosts);
  }

  /** The same, with a copy of each body. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void readBatchAndBodies(Incoming incoming, Blackhole hole) {
    NativeBatch batch = new NativeBatch(null, incoming.batch, incoming.queues, incoming.hosts);
    for (ReceivedMessage message : batch.messages()) {
      hole.consume(message.body());
    }
  }
}
