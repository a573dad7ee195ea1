package io.github.rocketffm.testing;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** What the native library makes of an allocation, without any consumer. */
public final class NativeAllocation {
  private static final int CAPACITY = 1 << 20;

  private static final MethodHandle ALLOCATE =
      MockCluster.bind(
          "allocate",
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          JAVA_INT);

  private NativeAllocation() {}

  /**
   * As rocketmq_mock_allocate.
   *
   * @param kind one of ROCKETMQ_ALLOCATE_*
   */
  public static String allocate(
      int kind,
      int virtualNodes,
      String machineRooms,
      String configured,
      String queues,
      String clientIds,
      String self) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(CAPACITY);
      int status =
          (int)
              MockCluster.invoke(
                  ALLOCATE,
                  kind,
                  virtualNodes,
                  arena.allocateFrom(machineRooms),
                  arena.allocateFrom(configured),
                  arena.allocateFrom(queues),
                  arena.allocateFrom(clientIds),
                  arena.allocateFrom(self),
                  out,
                  CAPACITY);
      if (status != 0) {
        throw new IllegalArgumentException("refused: " + queues + " of " + clientIds);
      }
      return out.getString(0);
    }
  }
}
