package io.github.rocketffm.faults;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs scenarios one after the other, and prints a table of what they showed. */
public final class Faults {
  private static final double QUICK_SCALE = 0.4;
  private static final Path FOLDER = Path.of("target/faults");

  private Faults() {}

  /** The names of scenarios, all of them if there are none; --quick for shorter faults; --list. */
  public static void main(String[] arguments) throws Exception {
    double scale = 1;
    List<Scenario> scenarios = new ArrayList<>();
    for (String argument : arguments) {
      switch (argument) {
        case "--quick" -> scale = QUICK_SCALE;
        case "--list" -> {
          Scenarios.all()
              .forEach(each -> System.out.printf("%-24s %s%n", each.name(), each.what()));
          return;
        }
        default -> scenarios.add(Scenarios.named(argument));
      }
    }
    List<Outcome> outcomes = run(scenarios.isEmpty() ? Scenarios.all() : scenarios, scale);
    System.exit(outcomes.stream().allMatch(Outcome::passed) ? 0 : 1);
  }

  /** Runs them, and prints what they showed. */
  static List<Outcome> run(List<Scenario> scenarios, double scale) throws Exception {
    long begin = System.nanoTime();
    List<Outcome> outcomes = new ArrayList<>();
    StringBuilder table = new StringBuilder(Outcome.header()).append('\n');
    for (Scenario scenario : scenarios) {
      long begun = System.nanoTime();
      Outcome outcome = FaultRun.run(scenario, scale, FOLDER.resolve(scenario.name()));
      outcomes.add(outcome);
      table.append(outcome.row()).append('\n').append(outcome.details());
      System.out.printf(
          "%s, %.0f s%n%s%n%s",
          scenario.what(), (System.nanoTime() - begun) / 1e9, outcome.row(), outcome.details());
      System.out.flush();
    }
    System.out.printf("%n%s%nin %.0f s%n", table, (System.nanoTime() - begin) / 1e9);
    return outcomes;
  }
}
