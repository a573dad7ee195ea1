package io.github.rocketffm;

import java.util.List;
import java.util.Objects;

/**
 * How the members of a group share out the queues of a topic. All members must have the same one, whatever their
 * language: each is what Apache's Java client has under that name.
 */
public sealed interface AllocationStrategy {
  /**
   * Consecutive queues, as evenly as their number allows; the default.
   *
   * @return the strategy
   */
  static AllocationStrategy averagely() {
    return new Averagely();
  }

  /**
   * Queues one by one, as cards are dealt.
   *
   * @return the strategy
   */
  static AllocationStrategy averagelyByCircle() {
    return new AveragelyByCircle();
  }

  /**
   * These queues, whatever the other members have; those that a topic does not have (yet) are passed over. The group's
   * retry topic is shared out averagely.
   *
   * @param queues the queues, of any topics
   * @return the strategy
   */
  static AllocationStrategy byConfiguration(List<MessageQueue> queues) {
    return new ByConfiguration(queues);
  }

  /**
   * Each queue to the member that follows it on a ring of digests, on which each member has ten points: few queues move
   * when members come and go.
   *
   * @return the strategy
   */
  static AllocationStrategy consistentHash() {
    return new ConsistentHash(10);
  }

  /**
   * The same with another number of points.
   *
   * @param virtualNodes the points of each member: 1 to 10,000
   * @return the strategy
   */
  static AllocationStrategy consistentHash(int virtualNodes) {
    return new ConsistentHash(virtualNodes);
  }

  /**
   * Evenly the queues of brokers in these rooms; those of others are consumed by nobody.
   *
   * @param machineRooms what stands before the '@' in the brokers' names: at least one
   * @return the strategy
   */
  static AllocationStrategy byMachineRoom(String... machineRooms) {
    return new ByMachineRoom(List.of(Objects.requireNonNull(machineRooms, "machineRooms")));
  }

  /** See {@link AllocationStrategy#averagely}. */
  record Averagely() implements AllocationStrategy {}

  /** See {@link AllocationStrategy#averagelyByCircle}. */
  record AveragelyByCircle() implements AllocationStrategy {}

  /**
   * See {@link AllocationStrategy#byConfiguration}.
   *
   * @param queues the queues; unmodifiable
   */
  record ByConfiguration(List<MessageQueue> queues) implements AllocationStrategy {
    /** Copies the list. */
    public ByConfiguration {
      queues = List.copyOf(Objects.requireNonNull(queues, "queues"));
    }
  }

  /**
   * See {@link AllocationStrategy#consistentHash(int)}.
   *
   * @param virtualNodes the points of each member
   */
  record ConsistentHash(int virtualNodes) implements AllocationStrategy {
    /** Checks the range. */
    public ConsistentHash {
      InvalidArgumentException.positive("virtualNodes", virtualNodes);
    }
  }

  /**
   * See {@link AllocationStrategy#byMachineRoom}.
   *
   * @param machineRooms the rooms; unmodifiable
   */
  record ByMachineRoom(List<String> machineRooms) implements AllocationStrategy {
    /** Copies the list. */
    public ByMachineRoom {
      machineRooms = List.copyOf(Objects.requireNonNull(machineRooms, "machineRooms"));
    }
  }
}
