package io.github.rocketffm.faults;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.MessageQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a {@link FaultRun} showed, and whether its scenario allows that. */
final class Outcome {
  private static final double DEADLINE_GRACE = 0.5;
  private static final String FORMAT =
      "%-24s %7s %6s %7s %5s %6s %5s %6s %6s %6s %6s %6s %7s %6s  %s";

  private final Scenario scenario;
  private final Ledger ledger;
  private final double recoveredAfter;
  private final double stall;
  private final List<String> violations;
  private final List<String> notes;

  Outcome(
      Scenario scenario,
      Ledger ledger,
      double recoveredAfter,
      double stall,
      List<String> violations,
      List<String> notes) {
    this.scenario = scenario;
    this.ledger = ledger;
    this.recoveredAfter = recoveredAfter;
    this.stall = stall;
    this.violations = new ArrayList<>(violations);
    this.notes = new ArrayList<>(notes);
    judge();
  }

  private static int count(Map<ErrorKind, Integer> failures) {
    return failures.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Failures of those sends that may go to any broker. */
  private int failed() {
    return ledger.sum(track -> track.kind() == Kind.ORDERLY ? 0 : count(track.failures()));
  }

  private int failedOrdered() {
    return count(ledger.of(Kind.ORDERLY).failures());
  }

  private int duplicates() {
    return ledger.sum(Track::duplicates);
  }

  private double healthyPublishGap(Track track) {
    return scenario.healthy().stream().mapToDouble(track::publishGap).max().orElse(0);
  }

  private double healthyConsumeGap(Track track) {
    return scenario.healthy().stream().mapToDouble(track::consumeGap).max().orElse(0);
  }

  private void judge() {
    Limits limits = scenario.limits();
    for (Track track : ledger.all()) {
      judge(track, limits);
    }
    List<String> disorder = ledger.of(Kind.ORDERLY).disorder();
    if (!disorder.isEmpty()) {
      violations.add("order per key is broken " + disorder.size() + " times: " + first(disorder));
    }
    if (!ledger.shared().isEmpty()) {
      violations.add("two listeners at once had " + ledger.shared());
    }
    int free = ledger.sum(track -> track.kind() == Kind.ORDERLY ? 0 : track.begun());
    if (failed() > free * limits.failedShare()) {
      violations.add(
          String.format(
              "%d of %d sends failed, and at most %.1f %% are allowed: %s",
              failed(), free, limits.failedShare() * 100, failures()));
    }
    if (duplicates() > ledger.sum(Track::begun) * limits.duplicateShare()) {
      violations.add(
          String.format(
              "%d duplicates, and at most %.0f %% of the sends are allowed",
              duplicates(), limits.duplicateShare() * 100));
    }
    // What never recovered is told of with its queues.
    if (Double.isFinite(recoveredAfter) && recoveredAfter > limits.recovery() + stall) {
      violations.add(String.format("all queues are consumed only after %.1f s", recoveredAfter));
    }
  }

  private void judge(Track track, Limits limits) {
    Map<MessageQueue, List<String>> lost = track.lost();
    lost.forEach(
        (queue, bodies) ->
            violations.add(
                bodies.size()
                    + " acknowledged, not consumed from "
                    + queue
                    + ": "
                    + first(bodies)));
    if (track.notEnded() != 0) {
      violations.add(track.notEnded() + " sends of " + track.kind() + " did not end");
    }
    double deadline = Load.TIMEOUT.toMillis() / 1e3;
    if (track.longestSend() > deadline + DEADLINE_GRACE + stall) {
      violations.add(
          String.format(
              "a send of %s took %.1f s, and its deadline was %.1f s",
              track.kind(), track.longestSend(), deadline));
    }
    if (!track.strangers().isEmpty()) {
      violations.add(
          track.strangers().size() + " consumed that must not be: " + first(track.strangers()));
    }
    gap("publishing to", track.kind(), healthyPublishGap(track), limits.healthyGap());
    gap("consuming from", track.kind(), healthyConsumeGap(track), limits.healthyGap());
  }

  private void gap(String what, Kind kind, double seconds, double limit) {
    if (seconds > limit + stall) {
      violations.add(
          String.format(
              "a gap of %.1f s in %s %s of %s, and at most %.1f s are allowed",
              seconds, what, String.join(", ", scenario.healthy()), kind, limit));
    }
  }

  private static List<String> first(List<String> all) {
    return all.subList(0, Math.min(all.size(), 5));
  }

  private Map<ErrorKind, Integer> failures() {
    Map<ErrorKind, Integer> failures = new TreeMap<>();
    for (Track track : ledger.all()) {
      track.failures().forEach((kind, times) -> failures.merge(kind, times, Integer::sum));
    }
    return failures;
  }

  String name() {
    return scenario.name();
  }

  boolean passed() {
    return violations.isEmpty();
  }

  List<String> violations() {
    return violations;
  }

  /** The names of the columns. Gaps: of the healthy brokers' queues, and of all. */
  static String header() {
    return String.format(
            FORMAT, "fault", "sends", "failed", "ordered", "lost", "dupl.", "order", "pub", "pub",
            "cons", "cons", "late", "all", "stall", "verdict")
        + "\n"
        + String.format(
            FORMAT, "", "", "", "failed", "", "", "viol.", "gap s", "all s", "gap s", "all s",
            "send s", "queues", "s", "");
  }

  String row() {
    return String.format(
        FORMAT,
        scenario.name(),
        ledger.sum(Track::begun),
        failed(),
        failedOrdered(),
        ledger.lost(),
        duplicates(),
        ledger.of(Kind.ORDERLY).disorder().size(),
        seconds(ledger.worst(this::healthyPublishGap)),
        seconds(ledger.worst(Track::publishGap)),
        seconds(ledger.worst(this::healthyConsumeGap)),
        seconds(ledger.worst(Track::consumeGap)),
        seconds(ledger.worst(Track::longestSend)),
        Double.isFinite(recoveredAfter) ? seconds(recoveredAfter) : "never",
        seconds(stall),
        passed() ? "passed" : "FAILED");
  }

  private static String seconds(double value) {
    return String.format("%.1f", value);
  }

  /** Notes and what was not kept to, a line each. */
  String details() {
    StringBuilder text = new StringBuilder();
    if (!failures().isEmpty()) {
      text.append("    failures: ").append(failures()).append('\n');
    }
    notes.forEach(note -> text.append("    ").append(note).append('\n'));
    violations.forEach(violation -> text.append("  ! ").append(violation).append('\n'));
    return text.toString();
  }
}
