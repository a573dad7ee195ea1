package io.github.rocketffm.faults;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;

/** Members of the groups that come, go, are killed and are frozen. */
final class MemberFaults {
  private static final int JOINS = 50;

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
    run.await(Duration.ofSeconds(60), () -> run.ledger().missing(run.expected()).isEmpty());
    run.measure(
        "until all queues were consumed after the kill", (System.nanoTime() - begin) / 1e9, 30);
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
