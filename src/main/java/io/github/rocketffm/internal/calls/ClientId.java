package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.rocketmq_client_id;
import io.github.rocketffm.internal.memory.NativeFailure;
import java.lang.foreign.MemorySegment;

/** The name by which brokers know a client. */
final class ClientId {
  private static final long TEXT = rocketmq_client_id.text$offset();

  private ClientId() {}

  /** The function of one kind of object that gives it. */
  interface Function {
    int get(MemorySegment object, MemorySegment id, MemorySegment error);
  }

  static String read(NativeHandle handle, Function function) throws NativeFailure {
    String[] text = new String[1];
    handle.call(
        "nothing",
        (object, error, arena) -> {
          MemorySegment id = rocketmq_client_id.allocate(arena);
          rocketmq_client_id.size(id, rocketmq_client_id.sizeof());
          int status = function.get(object, id, error);
          text[0] = id.getString(TEXT);
          return status;
        });
    return text[0];
  }
}
