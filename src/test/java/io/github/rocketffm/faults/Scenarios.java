package io.github.rocketffm.faults;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All scenarios by their names, in the order in which they run. */
final class Scenarios {
  private static final Map<String, Scenario> ALL = new LinkedHashMap<>();

  static {
    List<Scenario> scenarios = new ArrayList<>();
    scenarios.add(
        Scenario.ofA("none", "no fault, for comparison", run -> run.pass(20))
            .leavesAlone(Cluster.A, Cluster.B));
    scenarios.addAll(BrokerFaults.all());
    scenarios.addAll(LinkFaults.all());
    scenarios.addAll(ClusterFaults.all());
    scenarios.addAll(MemberFaults.all());
    scenarios.addAll(FrozenBrokerFaults.all());
    scenarios.forEach(scenario -> ALL.put(scenario.name(), scenario));
  }

  private Scenarios() {}

  static List<Scenario> all() {
    return List.copyOf(ALL.values());
  }

  static Scenario named(String name) {
    Scenario scenario = ALL.get(name);
    if (scenario == null) {
      throw new IllegalArgumentException(
          "there is no fault " + name + "; there are " + String.join(", ", ALL.keySet()));
    }
    return scenario;
  }
}
