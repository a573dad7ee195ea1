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
import java.time.Duration;
import java.util.List;

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
    STATUS,
    HALF_FRAME_RESET,
    GARBAGE_FRAME,
    SHIFT_FIELD,
    NOT_MOVING,
    BLACK_HOLE,
    LATE,
    SHIFT_ANSWER
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
  private static final MethodHandle INJECT_FOR =
      bind(
          "inject_for",
          JAVA_INT,
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          ADDRESS);
  private static final MethodHandle FREEZE = bind("freeze", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle THAW = bind("thaw", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle BLACK_HOLE =
      bind("black_hole_connection", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CORRUPT =
      bind("corrupt", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
  private static final MethodHandle SET_LISTED_MEMBERS =
      bind("set_listed_members", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
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

  /** A frozen server accepts and reads, and does nothing else until it is thawed. */
  public void freeze(int kind, int index) {
    check((int) invoke(FREEZE, mock, kind, index), "no such server");
  }

  public void thaw(int kind, int index) {
    check((int) invoke(THAW, mock, kind, index), "no such server");
  }

  /** The connection with this place among those that are open reads on, and sends nothing more. */
  public void blackHole(int kind, int index, int connection) {
    check((int) invoke(BLACK_HOLE, mock, kind, index, connection), "no such connection");
  }

  /** Flips bits in the body of a stored message, whose CRC then does not fit. */
  public void corrupt(int broker, String topic, int queue, long offset) {
    try (Arena arena = Arena.ofConfined()) {
      check(
          (int) invoke(CORRUPT, mock, broker, arena.allocateFrom(topic), queue, offset),
          "no such message");
    }
  }

  /** What a broker answers as the members of a group, in place of who is there. */
  public void setListedMembers(int broker, String group, List<String> clientIds) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ids = arena.allocateFrom(String.join(",", clientIds));
      check(
          (int) invoke(SET_LISTED_MEMBERS, mock, broker, arena.allocateFrom(group), ids),
          "no such broker");
    }
  }

  private static void check(int status, String problem) {
    if (status != 0) {
      throw new IllegalArgumentException(problem);
    }
  }

  /** For all requests of that code, during the time. */
  public void injectFor(
      Duration time, int kind, int index, int requestCode, Fault fault, int code) {
    try (Arena arena = Arena.ofConfined()) {
      int millis = Math.toIntExact(time.toMillis());
      MemorySegment remark = arena.allocateFrom("remark");
      int status =
          (int)
              invoke(
                  INJECT_FOR,
                  mock,
                  kind,
                  index,
                  requestCode,
                  fault.ordinal(),
                  millis,
                  code,
                  0,
                  remark);
      check(status, "no such server");
    }
  }

  public void inject(int kind, int requestCode, Fault fault, int times, int code, int delayMillis) {
    inject(kind, requestCode, fault, times, code, delayMillis, "remark");
  }

  /** The next requests are refused with this code and remark; -1 times: all of them. */
  public void refuse(int kind, int requestCode, int times, int code, String remark) {
    inject(kind, requestCode, Fault.RESPOND, times, code, 0, remark);
  }

  private void inject(
      int kind, int requestCode, Fault fault, int times, int code, int delayMillis, String remark) {
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
          arena.allocateFrom(remark));
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
