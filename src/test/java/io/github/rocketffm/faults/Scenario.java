package io.github.rocketffm.faults;

import java.util.List;

/**
 * A fault by its name.
 *
 * @param healthy the brokers that it leaves alone
 * @param bigBodyBytes how large some of the bodies are; 0: all small
 */
record Scenario(
    String name,
    String what,
    ClusterSettings cluster,
    Limits limits,
    List<String> healthy,
    int bigBodyBytes,
    Fault fault) {
  /** Causes the fault under load, and ends it. */
  interface Fault {
    void run(FaultRun run) throws Exception;
  }

  /** A fault of broker A in a plain cluster. */
  static Scenario ofA(String name, String what, Fault fault) {
    return new Scenario(
        name, what, ClusterSettings.PLAIN, Limits.STRICT, List.of(Cluster.B), 0, fault);
  }

  Scenario with(Limits other) {
    return new Scenario(name, what, cluster, other, healthy, bigBodyBytes, fault);
  }

  Scenario with(ClusterSettings other) {
    return new Scenario(name, what, other, limits, healthy, bigBodyBytes, fault);
  }

  Scenario leavesAlone(String... brokers) {
    return new Scenario(name, what, cluster, limits, List.of(brokers), bigBodyBytes, fault);
  }

  Scenario bigBodies(int bytes) {
    return new Scenario(name, what, cluster, limits, healthy, bytes, fault);
  }
}
