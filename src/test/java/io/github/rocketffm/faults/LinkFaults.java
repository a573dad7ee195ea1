package io.github.rocketffm.faults;

import java.util.List;

/** What befalls the connections to broker A, or to both brokers. */
final class LinkFaults {
  private static final int RESET_SECONDS = 2;
  private static final double SHARE_OF_PIECES = 0.02;
  private static final int MEGABIT = 125_000;

  private LinkFaults() {}

  static List<Scenario> all() {
    Limits few = Limits.STRICT.failedShare(0.05);
    return List.of(
        Scenario.ofA(
            "black-hole", "nothing passes to or from A for 30 s", of(LinkFault.blackHole(), 30)),
        Scenario.ofA("resets", "all connections are reset every 2 s, for 30 s", LinkFaults::resets)
            .leavesAlone(Cluster.A, Cluster.B)
            .with(Limits.STRICT.healthyGap(3)),
        Scenario.ofA(
                "resets-mid-frame",
                "connections to A are reset within a frame, for 25 s",
                of(LinkFault.resets(SHARE_OF_PIECES), 25))
            .with(few),
        Scenario.ofA(
                "half-closed",
                "A's side closes within a frame and reads on, for 25 s",
                of(LinkFault.halfCloses(SHARE_OF_PIECES), 25))
            .with(few),
        Scenario.ofA(
                "throttled",
                "1 Mbit/s per connection to A, and bodies of 1 MB, for 25 s",
                of(LinkFault.throttle(MEGABIT), 25))
            .bigBodies(1_000_000)
            .with(Limits.STRICT.failedShare(0.1)),
        Scenario.ofA(
                "delayed", "500 ms more each way, to both brokers, for 25 s", LinkFaults::delayed)
            .leavesAlone(Cluster.A, Cluster.B)
            .with(Limits.STRICT.healthyGap(3).duplicateShare(0.02)),
        Scenario.ofA(
                "bits-flipped",
                "a bit is changed in 1 % of A's responses, for 25 s",
                of(LinkFault.flips(0.01), 25))
            .with(few));
  }

  private static Scenario.Fault of(LinkFault fault, int seconds) {
    return run -> {
      run.cluster().a().proxy().apply(fault);
      run.pass(seconds);
      run.cluster().a().proxy().apply(LinkFault.NONE);
    };
  }

  private static void resets(FaultRun run) throws InterruptedException {
    for (double passed = 0; passed < 30 * run.scale(); passed += RESET_SECONDS) {
      run.cluster().proxies().forEach(TcpProxy::reset);
      run.pass(RESET_SECONDS / run.scale());
    }
  }

  private static void delayed(FaultRun run) throws InterruptedException {
    run.cluster().proxies().forEach(proxy -> proxy.apply(LinkFault.delay(500)));
    run.pass(25);
    run.cluster().proxies().forEach(proxy -> proxy.apply(LinkFault.NONE));
  }
}
