package io.github.rocketffm.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the rounds told, as results.json has it. */
final class Results {
  private record Metric(
      String id, String title, String unit, boolean lower, Map<String, List<Double>> rounds) {}

  private final Map<String, Metric> metrics = new LinkedHashMap<>();
  private final JsonObject json = new JsonObject();
  private final List<String> contenders;
  private final JsonArray goals = new JsonArray();
  private final JsonArray distributions = new JsonArray();
  private final JsonArray growth = new JsonArray();
  private final JsonArray checks = new JsonArray();
  private boolean failed;

  Results(JsonObject host, List<String> contenders) {
    this.contenders = List.copyOf(contenders);
    json.add("host", host);
    JsonArray names = new JsonArray();
    contenders.forEach(names::add);
    json.add("contenders", names);
  }

  List<String> contenders() {
    return contenders;
  }

  /** What else is to be known of the machine. */
  void fact(String name, String value) {
    json.getAsJsonObject("host").addProperty(name, value);
  }

  /** Declares a metric; those that are shown come in this order. */
  void metric(String id, String title, String unit, boolean lowerIsBetter) {
    metrics.put(id, new Metric(id, title, unit, lowerIsBetter, new LinkedHashMap<>()));
  }

  void add(String metric, String contender, double value) {
    metrics.get(metric).rounds.computeIfAbsent(contender, name -> new ArrayList<>()).add(value);
  }

  /** NaN where the contender has no value. */
  double median(String metric, String contender) {
    List<Double> rounds = metrics.get(metric).rounds.get(contender);
    if (rounds == null) {
      return Double.NaN;
    }
    double[] sorted = rounds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** A goal for the ratio of two contenders' medians. */
  void ratioGoal(
      String text, String metric, String of, String over, String comparison, double limit) {
    goal(text, metric, median(metric, of) / median(metric, over), comparison, limit, "×");
  }

  /** A goal for the median itself. */
  void valueGoal(String text, String metric, String of, String comparison, double limit) {
    goal(text, metric, median(metric, of), comparison, limit, metrics.get(metric).unit);
  }

  private String host(String fact) {
    JsonObject host = json.getAsJsonObject("host");
    return host.has(fact) ? host.get(fact).getAsString() : "–";
  }

  private void goal(
      String text, String metric, double value, String comparison, double limit, String unit) {
    JsonObject goal = new JsonObject();
    goal.addProperty("text", text);
    goal.addProperty("metric", metric);
    if (!Double.isNaN(value)) {
      goal.addProperty("value", value);
      boolean met =
          switch (comparison) {
            case "<=" -> value <= limit;
            case "<" -> value < limit;
            default -> value >= limit;
          };
      goal.addProperty("met", met);
    }
    goal.addProperty("limit", limit);
    goal.addProperty("comparison", comparison);
    goal.addProperty("unit", unit);
    goals.add(goal);
  }

  /** Curves by contender: points of percentile and microseconds. */
  void distribution(String id, String title, Map<String, JsonArray> series) {
    JsonObject distribution = new JsonObject();
    distribution.addProperty("id", id);
    distribution.addProperty("title", title);
    distribution.addProperty("unit", "µs");
    JsonObject curves = new JsonObject();
    series.forEach(curves::add);
    distribution.add("series", curves);
    distributions.add(distribution);
  }

  void growth(
      String id, String title, String x, String unit, Map<String, Map<String, Double>> rows) {
    JsonObject table = new JsonObject();
    table.addProperty("id", id);
    table.addProperty("title", title);
    table.addProperty("x", x);
    table.addProperty("unit", unit);
    JsonArray columns = new JsonArray();
    JsonArray lines = new JsonArray();
    rows.values().stream()
        .flatMap(values -> values.keySet().stream())
        .distinct()
        .forEach(columns::add);
    rows.forEach(
        (label, values) -> {
          JsonObject line = new JsonObject();
          line.addProperty("x", label);
          JsonObject cells = new JsonObject();
          values.forEach(cells::addProperty);
          line.add("values", cells);
          lines.add(line);
        });
    table.add("columns", columns);
    table.add("rows", lines);
    growth.add(table);
  }

  void check(String text, boolean ok) {
    JsonObject check = new JsonObject();
    check.addProperty("text", text);
    check.addProperty("ok", ok);
    checks.add(check);
    failed |= !ok;
  }

  boolean failed() {
    return failed;
  }

  JsonObject json() {
    JsonArray all = new JsonArray();
    for (Metric metric : metrics.values()) {
      JsonObject entry = new JsonObject();
      entry.addProperty("id", metric.id);
      entry.addProperty("title", metric.title);
      entry.addProperty("unit", metric.unit);
      entry.addProperty("better", metric.lower ? "lower" : "higher");
      JsonObject values = new JsonObject();
      metric.rounds.forEach((name, rounds) -> values.add(name, spread(metric.id, name, rounds)));
      entry.add("values", values);
      all.add(entry);
    }
    json.add("metrics", all);
    json.add("goals", goals);
    json.add("distributions", distributions);
    json.add("growth", growth);
    json.add("checks", checks);
    return json;
  }

  private JsonObject spread(String metric, String contender, List<Double> rounds) {
    double[] sorted = rounds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    JsonObject spread = new JsonObject();
    spread.addProperty("median", median(metric, contender));
    spread.addProperty("min", sorted[0]);
    spread.addProperty("max", sorted[sorted.length - 1]);
    JsonArray all = new JsonArray();
    Arrays.stream(sorted).forEach(all::add);
    spread.add("rounds", all);
    return spread;
  }

  /** The tables for the terminal. */
  String table(List<String> contenders) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            "%n%s, %s cores, JDK %s; load average %s before, %s after%n",
            host("cpu"), host("cores"), host("jdk"), host("load_before"), host("load_after")));
    text.append(String.format("%n%-44s", "median [min … max] of the rounds"));
    contenders.forEach(name -> text.append(String.format("%26s", name)));
    text.append('\n');
    for (Metric metric : metrics.values()) {
      text.append(String.format("%-44s", metric.title + ", " + metric.unit));
      for (String name : contenders) {
        List<Double> rounds = metric.rounds.get(name);
        text.append(String.format("%26s", rounds == null ? "–" : cell(metric.id, name, rounds)));
      }
      text.append('\n');
    }
    text.append('\n');
    for (var element : goals) {
      JsonObject goal = element.getAsJsonObject();
      boolean known = goal.has("value");
      text.append(
          String.format(
              "%-9s %-62s %12s  (goal %s %s %s)%n",
              !known ? "not run" : goal.get("met").getAsBoolean() ? "met" : "NOT MET",
              goal.get("text").getAsString(),
              known ? measured(goal.get("value").getAsDouble(), goal) : "–",
              goal.get("comparison").getAsString(),
              number(goal.get("limit").getAsDouble()),
              goal.get("unit").getAsString()));
    }
    for (var element : checks) {
      JsonObject check = element.getAsJsonObject();
      text.append(check.get("ok").getAsBoolean() ? "checked   " : "WRONG     ");
      text.append(check.get("text").getAsString()).append('\n');
    }
    return text.toString();
  }

  /** As it is told from its limit. */
  private static String measured(double value, JsonObject goal) {
    double limit = goal.get("limit").getAsDouble();
    String shown = number(value);
    return shown.equals(number(limit)) && value != limit ? String.format("%.4g", value) : shown;
  }

  private String cell(String metric, String contender, List<Double> rounds) {
    double[] sorted = rounds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    String median = number(median(metric, contender));
    return sorted.length == 1
        ? median
        : median + " [" + number(sorted[0]) + " … " + number(sorted[sorted.length - 1]) + "]";
  }

  private static String number(double value) {
    double size = Math.abs(value);
    return size >= 1000
        ? String.format("%,.0f", value)
        : size >= 100
            ? String.format("%.0f", value)
            : size >= 10 ? String.format("%.1f", value) : String.format("%.2f", value);
  }
}
