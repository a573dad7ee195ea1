package io.github.rocketffm.testing;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The native mock cluster (native-build/mock/rocketmq_mock.h). */
public final class MockCluster implements AutoCloseable {
  public static final int NAME_SERVER = 0;
  public static final int BROKER = 1;
  public static final int SEND = 310;
  public static final int PULL = 11;
  public static final int ROUTE = 105;
  public static final int END_TRANSACTION = 37;
  public static final int HEARTBEAT = 34;

  /** As rocketmq::mock::Fault::Kind. */
  public enum Fault {
    RESPOND,
    DELAY,
    DROP,
    IGNORE,
    RESET,
    CLOSE,
    HALF_FRAME,
    GARBAGE,
    OVERSIZE,
    WRONG_OPAQUE,
    STATUS
  }

  private static final SymbolLookup LIBRARY =
      SymbolLookup.libraryLookup(
          Path.of(System.getProperty("rocketmq.library.path"))
              .toAbsolutePath()
              .resolve(System.mapLibraryName("rocketmq-mock")),
          Arena.global());

  static MethodHandle bind(String name, MemoryLayout result, MemoryLayout... arguments) {
    FunctionDescriptor descriptor =
        result == null
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(result, arguments);
    return Linker.nativeLinker()
        .downcallHandle(LIBRARY.find("rocketmq_mock_" + name).orElseThrow(), descriptor);
  }

  private static final MethodHandle CREATE =
      bind("create", ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle DESTROY = bind("destroy", null, ADDRESS);
  private static final MethodHandle NAME_SERVERS =
      bind("name_servers", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  private static final MethodHandle CREATE_TOPIC =
      bind("create_topic", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  private static final MethodHandle PUT =
      bind("put", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
  private static final MethodHandle STOP = bind("stop", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle START = bind("start", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle INJECT =
      bind(
          "inject", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
          JAVA_INT, ADDRESS);
  private static final MethodHandle REQUESTS =
      bind("request_count", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CONNECTIONS =
      bind("connection_count", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle MESSAGES = bind("message_count", JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle OPEN_TRANSACTIONS =
      bind("open_transactions", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle CHECK_TRANSACTIONS =
      bind("check_transactions", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle OFFSET =
      bind("committed_offset", JAVA_LONG, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);

  private final MemorySegment mock;

  public MockCluster() {
    this(1, 1);
  }

  public MockCluster(int nameServers, int brokers) {
    this(nameServers, brokers, true);
  }

  private MockCluster(int nameServers, int brokers, boolean autoCreate) {
    mock = (MemorySegment) invoke(CREATE, nameServers, brokers, 4, autoCreate ? 1 : 0);
  }

  /** One whose brokers create no topic on demand. */
  public static MockCluster withoutAutoCreate() {
    return new MockCluster(1, 1, false);
  }

  static Object invoke(MethodHandle handle, Object... arguments) {
    try {
      return handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  public String nameServers() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(1024);
      invoke(NAME_SERVERS, mock, out, 1024);
      return out.getString(0);
    }
  }

  public void createTopic(String topic, int queues) {
    try (Arena arena = Arena.ofConfined()) {
      invoke(CREATE_TOPIC, mock, arena.allocateFrom(topic), queues);
    }
  }

  public void put(String topic, int queue, String body) {
    try (Arena arena = Arena.ofConfined()) {
      invoke(PUT, mock, 0, arena.allocateFrom(topic), queue, arena.allocateFrom(body));
    }
  }

  public void stop(int kind, int index) {
    invoke(STOP, mock, kind, index);
  }

  public void start(int kind, int index) {
    invoke(START, mock, kind, index);
  }

  public void inject(int kind, int requestCode, Fault fault, int times, int code, int delayMillis) {
    try (Arena arena = Arena.ofConfined()) {
      invoke(
          INJECT,
          mock,
          kind,
          0,
          requestCode,
          fault.ordinal(),
          times,
          code,
          delayMillis,
          arena.allocateFrom("remark"));
    }
  }

  public int requests(int kind, int requestCode) {
    return (int) invoke(REQUESTS, mock, kind, 0, requestCode);
  }

  public int connections(int kind) {
    return (int) invoke(CONNECTIONS, mock, kind, 0);
  }

  public int messages(String topic) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) invoke(MESSAGES, mock, arena.allocateFrom(topic));
    }
  }

  /** Half messages that were neither committed nor rolled back. */
  public int openTransactions() {
    return (int) invoke(OPEN_TRANSACTIONS, mock, 0);
  }

  /** Asks producers about the open transactions, and returns about how many. */
  public int checkTransactions() {
    return (int) invoke(CHECK_TRANSACTIONS, mock, 0);
  }

  public long committedOffset(String group, String topic, int queue) {
    try (Arena arena = Arena.ofConfined()) {
      return (long)
          invoke(OFFSET, mock, 0, arena.allocateFrom(group), arena.allocateFrom(topic), queue);
    }
  }

  @Override
  public void close() {
    invoke(DESTROY, mock);
  }
}
