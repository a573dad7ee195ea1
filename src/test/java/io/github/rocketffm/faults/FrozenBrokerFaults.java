package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.PushConsumer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Broker A is frozen just when a consumer has to do with both brokers. */
final class FrozenBrokerFaults {
  private static final double CLOSE_SECONDS = 1;
  // Offsets are persisted every 5 s.
  private static final double COMMIT_SECONDS = 6;
  private static final double REBALANCE_SECONDS = 5;
  private static final Set<Kind> KINDS = EnumSet.of(Kind.PUSH, Kind.ORDERLY);

  private FrozenBrokerFaults() {}

  static List<Scenario> all() {
    return List.of(
        Scenario.ofA(
                "frozen-at-close", "A is frozen while consumers close", FrozenBrokerFaults::close)
            .leavesAlone(),
        Scenario.ofA(
                "frozen-at-rebalance",
                "A is frozen while a member joins",
                FrozenBrokerFaults::rebalance)
            .with(Limits.STRICT.healthyGap(REBALANCE_SECONDS)),
        Scenario.ofA(
            "frozen-at-commit",
            "A is frozen while offsets are persisted",
            FrozenBrokerFaults::commit));
  }

  private static double seconds(long beginNanos) {
    return (System.nanoTime() - beginNanos) / 1e9;
  }

  /** The offsets behind what was consumed of B's queues. */
  private static Map<MessageQueue, Long> consumedOfB(FaultRun run, Kind kind) {
    Map<MessageQueue, Long> offsets = new HashMap<>();
    for (MessageQueue queue : run.cluster().queues(kind.topic(), Cluster.B)) {
      offsets.put(queue, run.ledger().of(kind).highest(queue) + 1);
    }
    return offsets;
  }

  private static boolean committed(
      RemotingAdmin admin, Kind kind, Map<MessageQueue, Long> offsets) {
    return offsets.entrySet().stream()
        .allMatch(
            entry -> {
              try {
                return admin.committed(kind.group(), entry.getKey()).orElse(0) >= entry.getValue();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private static boolean unlocked(RemotingAdmin admin, Set<MessageQueue> queues) {
    try {
      return admin.lock(Kind.ORDERLY.group(), "faults-probe", queues).containsAll(queues);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void close(FaultRun run) throws Exception {
    Cluster cluster = run.cluster();
    Set<MessageQueue> locks = cluster.queues(Kind.ORDERLY.topic(), Cluster.B);
    try (RemotingAdmin admin = cluster.b().admin()) {
      if (unlocked(admin, locks)) {
        throw new IllegalStateException("the orderly consumer has not locked B's queues");
      }
      cluster.a().server().freeze();
      run.pass(2);
      long begin = System.nanoTime();
      for (Kind kind : KINDS) {
        PushConsumer consumer = run.member().consumer(kind);
        Thread.ofPlatform().daemon().name("faults-close-" + kind).start(consumer::close);
      }
      run.await(
          Duration.ofSeconds(30),
          () -> KINDS.stream().allMatch(kind -> committed(admin, kind, consumedOfB(run, kind))));
      run.measure("until B's queues were committed", seconds(begin), CLOSE_SECONDS);
      run.await(Duration.ofSeconds(30), () -> unlocked(admin, locks));
      run.measure("until B's queues were unlocked", seconds(begin), CLOSE_SECONDS);
      admin.unlock(Kind.ORDERLY.group(), "faults-probe", locks);
    }
    run.join("second", KINDS);
    run.pass(5);
    cluster.a().server().thaw();
  }

  private static void rebalance(FaultRun run) throws Exception {
    Cluster cluster = run.cluster();
    cluster.a().server().freeze();
    run.pass(2);
    long begin = System.nanoTime();
    Member second = run.join("second", KINDS);
    for (Kind kind : KINDS) {
      run.await(
          Duration.ofSeconds(60),
          () -> share(run.member(), second, kind, cluster.queues(kind.topic(), Cluster.B)));
    }
    run.measure(
        "until the new member had its share of B's queues", seconds(begin), REBALANCE_SECONDS);
    run.ledger().mark();
    for (Kind kind : KINDS) {
      run.await(
          Duration.ofSeconds(30),
          () -> run.ledger().of(kind).missing(cluster.queues(kind.topic(), Cluster.B)).isEmpty());
    }
    run.measure("until B's queues were consumed", seconds(begin), REBALANCE_SECONDS + 3);
    cluster.a().server().thaw();
  }

  /** Each has some of the queues, and both have all. */
  private static boolean share(Member first, Member second, Kind kind, Set<MessageQueue> queues) {
    Set<MessageQueue> ofFirst = new HashSet<>(queues);
    ofFirst.retainAll(first.queues(kind));
    Set<MessageQueue> ofSecond = new HashSet<>(queues);
    ofSecond.retainAll(second.queues(kind));
    return !ofFirst.isEmpty()
        && !ofSecond.isEmpty()
        && ofFirst.size() + ofSecond.size() == queues.size()
        && Collections.disjoint(ofFirst, ofSecond);
  }

  private static void commit(FaultRun run) throws Exception {
    Cluster cluster = run.cluster();
    cluster.a().server().freeze();
    try (RemotingAdmin admin = cluster.b().admin()) {
      for (int i = 0; i < 3; i++) {
        long begin = System.nanoTime();
        Map<Kind, Map<MessageQueue, Long>> offsets = new HashMap<>();
        KINDS.forEach(kind -> offsets.put(kind, consumedOfB(run, kind)));
        run.await(
            Duration.ofSeconds(60),
            () -> KINDS.stream().allMatch(kind -> committed(admin, kind, offsets.get(kind))));
        run.measure("until B's offsets were committed", seconds(begin), COMMIT_SECONDS);
      }
    }
    cluster.a().server().thaw();
  }
}
