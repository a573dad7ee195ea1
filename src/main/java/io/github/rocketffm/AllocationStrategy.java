package io.github.rocketffm;

import java.util.List;
import java.util.Objects;

/**
 * How the members of a group share out the queues of a topic. All members must have the same one, whatever their
 * language: each is what Apache's Java client has under that name.
 */
public final class AllocationStrategy {
  final int code;
  final int virtualNodes;
  final List<MessageQueue> queues;
  final List<String> machineRooms;

  private AllocationStrategy(
      int code, int virtualNodes, List<MessageQueue> queues, List<String> machineRooms) {
    this.code = code;
    this.virtualNodes = virtualNodes;
    this.queues = queues;
    this.machineRooms = machineRooms;
  }

  private static AllocationStrategy plain(int code) {
    return new AllocationStrategy(code, 0, List.of(), List.of());
  }

  /**
   * Consecutive queues, as evenly as their number allows; the default.
   *
   * @return the strategy
   */
  public static AllocationStrategy averagely() {
    return plain(0);
  }

  /**
   * Queues one by one, as cards are dealt.
   *
   * @return the strategy
   */
  public static AllocationStrategy averagelyByCircle() {
    return plain(1);
  }

  /**
   * These queues, whatever the other members have; those that a topic does not have (yet) are passed over. The group's
   * retry topic is shared out averagely.
   *
   * @param queues the queues, of any topics
   * @return the strategy
   */
  public static AllocationStrategy byConfiguration(List<MessageQueue> queues) {
    return new AllocationStrategy(2, 0, List.copyOf(queues), List.of());
  }

  /**
   * Each queue to the member that follows it on a ring of digests, on which each member has ten points: few queues move
   * when members come and go.
   *
   * @return the strategy
   */
  public static AllocationStrategy consistentHash() {
    return plain(3);
  }

  /**
   * The same with another number of points.
   *
   * @param virtualNodes the points of each member: 1 to 10,000
   * @return the strategy
   */
  public static AllocationStrategy consistentHash(int virtualNodes) {
    return new AllocationStrategy(
        3, ClientBuilder.positive("virtualNodes", virtualNodes), List.of(), List.of());
  }

  /**
   * Evenly the queues of brokers in these rooms; those of others are consumed by nobody.
   *
   * @param machineRooms what stands before the '@' in the brokers' names: at least one
   * @return the strategy
   */
  public static AllocationStrategy byMachineRoom(String... machineRooms) {
    for (String room : machineRooms) {
      Objects.requireNonNull(room, "room");
    }
    return new AllocationStrategy(4, 0, List.of(), List.of(machineRooms));
  }
}
