package io.github.rocketffm.faults;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;

/** Members of the groups that come, go, are killed and are frozen. */
final class MemberFaults {
  private static final int JOINS = 50;

  private static final double RECOVERY_SECONDS = 30;
  // A broker takes a lock from a member that is gone when it is 60 s old.
  private static final double LOCK_SECONDS = 65;

  private MemberFaults() {}

  static List<Scenario> all() {
    return List.of(
        Scenario.ofA(
                "members",
                "one of three members is killed, one is frozen for 60 s",
                MemberFaults::members)
            // What a frozen member holds rests until it is thawed, or counts as gone.
            .leavesAlone(),
        Scenario.ofA(
                "joins-and-leaves", JOINS + " members join and leave", MemberFaults::joinsAndLeaves)
            .leavesAlone(Cluster.A, Cluster.B));
  }

  private static void members(FaultRun run) throws Exception {
    MemberProgram killed = run.program("killed");
    MemberProgram frozen = run.program("frozen");
    for (MemberProgram program : List.of(killed, frozen)) {
      if (!run.await(Duration.ofSeconds(60), () -> program.consumed() > 0)) {
        throw new IllegalStateException("a member in a process of its own consumes nothing");
      }
    }
    run.pass(5);
    killed.close();
    run.ledger().mark();
    long begin = System.nanoTime();
    for (Kind kind : List.of(Kind.PUSH, Kind.SIMPLE, Kind.TRANSACTION, Kind.ORDERLY)) {
      run.await(
          Duration.ofSeconds(90),
          () -> run.ledger().of(kind).missing(run.expected().get(kind)).isEmpty());
      run.measure(
          "until all queues of " + kind + " were consumed after the kill",
          (System.nanoTime() - begin) / 1e9,
          kind == Kind.ORDERLY ? LOCK_SECONDS : RECOVERY_SECONDS);
    }
    frozen.freeze();
    run.pass(60);
    frozen.thaw();
  }

  private static void joinsAndLeaves(FaultRun run) throws Exception {
    int joins = (int) Math.max(5, JOINS * run.scale());
    for (int i = 0; i < joins; i++) {
      try (Member joined =
          new Member(
              "joins-" + i,
              run.cluster().nameServerAddresses(),
              EnumSet.of(Kind.PUSH, Kind.ORDERLY, Kind.TRANSACTION),
              run.sink())) {
        // It stays until it has queues, or is gone before that.
        run.await(Duration.ofMillis(i % 3 * 500), () -> !joined.queues(Kind.ORDERLY).isEmpty());
      }
    }
  }
}
