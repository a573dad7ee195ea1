package io.github.rocketffm.bench;

import static io.github.rocketffm.bench.SvgChart.format;
import static io.github.rocketffm.bench.SvgChart.line;
import static io.github.rocketffm.bench.SvgChart.number;
import static io.github.rocketffm.bench.SvgChart.object;
import static io.github.rocketffm.bench.SvgChart.objects;
import static io.github.rocketffm.bench.SvgChart.px;
import static io.github.rocketffm.bench.SvgChart.text;
import static io.github.rocketffm.bench.SvgChart.write;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The picture of the Java library's medians as parts of those of Apache's client. */
final class SummarySvg {
  private static final int WIDTH = 900;
  private static final int LEFT = 300;
  private static final int RIGHT = 620;
  private static final int MOST_ROWS = 13;

  /** The picture has a background of its own, thus it reads on white and on dark pages. */
  private static final String STYLE =
      """
      <style>
      .s-all text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
      font-size:14px;fill:#1b2430}
      .s-all .s-head{font-size:20px;font-weight:700}
      .s-all .s-group{font-size:14px;font-weight:700}
      .s-all .s-soft{font-size:13px;fill:#5a6675}
      .s-all .s-good{font-weight:700;fill:#12793d}.s-all .s-bad{font-weight:700;fill:#b42318}
      .s-card{fill:#fff;stroke:#dde2e9}.s-grid{stroke:#e6e9ee}
      .s-apache{fill:#e3d0e8}.s-limit{stroke:#7b2d8e;stroke-width:2}.s-java{fill:#e07b00}
      .s-cut{stroke:#fff;stroke-width:4}
      @media (prefers-color-scheme:dark){
      .s-all text{fill:#e6eaf0}.s-all .s-soft{fill:#a0abb9}
      .s-all .s-good{fill:#5fd68b}.s-all .s-bad{fill:#ff8f85}
      .s-card{fill:#1a1f27;stroke:#323b48}.s-grid{stroke:#2a323e}
      .s-apache{fill:#4a2f56}.s-limit{stroke:#b25fd0}.s-java{fill:#ffa726}.s-cut{stroke:#1a1f27}}
      </style>
      """;

  private SummarySvg() {}

  /** The Java library's median over that of Apache's client, NaN without one of them. */
  static double ratio(JsonObject metric) {
    JsonObject values = object(metric, "values");
    double apache = number(object(values, "apache"), "median");
    return apache > 0 ? number(object(values, "java"), "median") / apache : Double.NaN;
  }

  static boolean any(JsonObject results) {
    return !shown(results).isEmpty();
  }

  static String of(JsonObject results) {
    List<JsonObject> metrics = shown(results);
    double most = 1;
    for (JsonObject metric : metrics) {
      most = Math.max(most, ratio(metric));
    }
    double end = Math.max(1.25, Math.min(2.5, most));
    StringBuilder body = new StringBuilder();
    int y = 84;
    for (String better : List.of("lower", "higher")) {
      List<JsonObject> group = new ArrayList<>(metrics);
      group.removeIf(metric -> better.equals("higher") != text(metric, "better").equals("higher"));
      if (group.isEmpty()) {
        continue;
      }
      String heading = better.equals("lower") ? "Lower is better" : "Higher is better";
      body.append(write("s-group", 24, y + 14, "start", heading));
      y += 24;
      StringBuilder rows = new StringBuilder();
      int top = y;
      for (JsonObject metric : group) {
        rows.append(row(metric, y, end));
        y += 29;
      }
      for (double part = 0; part <= end + 1e-9; part += 0.5) {
        body.append(line("s-grid", x(part, end), top, x(part, end), y));
      }
      body.append(rows).append(line("s-limit", x(1, end), top, x(1, end), y));
      y += 14;
    }
    if (metrics.isEmpty()) {
      body.append(write("s-soft", 24, y + 14, "start", "No metric has both clients."));
      y += 30;
    }
    for (double part = 0; part <= end + 1e-9 && !metrics.isEmpty(); part += 0.5) {
      body.append(write("s-soft", x(part, end), y + 4, "middle", format(part * 100) + " %"));
    }
    int height = y + 22;
    return SvgChart.open(WIDTH, height, "Java library beside Apache’s client", said(metrics))
        + STYLE
        + "<g class='s-all'><rect class='s-card' x='.5' y='.5' width='%d' height='%d' rx='12'/>"
            .formatted(WIDTH - 1, height - 1)
        + write("s-head", 24, 36, "start", "Java library, Apache’s client = 100 %")
        + "<rect class='s-java' x='24' y='51' width='22' height='10' rx='2'/>"
        + write("s-soft", 53, 61, "start", "Java library")
        + "<rect class='s-apache' x='150' y='48' width='22' height='16' rx='2'/>"
        + line("s-limit", 172, 46, 172, 66)
        + write("s-soft", 181, 61, "start", "Apache’s Java client")
        + write("s-soft", WIDTH - 24, 61, "end", "medians: Java library / Apache’s client")
        + body
        + "</g></svg>\n";
  }

  private static String row(JsonObject metric, int y, double end) {
    JsonObject values = object(metric, "values");
    double ratio = ratio(metric);
    boolean higher = text(metric, "better").equals("higher");
    boolean good = higher ? ratio >= 0.995 : ratio <= 1.005;
    String numbers =
        "%s / %s %s"
            .formatted(
                format(number(object(values, "java"), "median")),
                format(number(object(values, "apache"), "median")),
                text(metric, "unit"));
    double width = Math.max(1, x(Math.min(ratio, end), end) - LEFT);
    String percent = percent(ratio);
    return write("s-name", LEFT - 14, y + 19, "end", SvgChart.shorten(text(metric, "title"), 33))
        + "<rect class='s-apache' x='%d' y='%d' width='%s' height='19' rx='2'/>"
            .formatted(LEFT, y + 5, px(x(1, end) - LEFT))
        + "<rect class='s-java' x='%d' y='%d' width='%s' height='11' rx='2'/>"
            .formatted(LEFT, y + 9, px(width))
        + (ratio > end ? line("s-cut", RIGHT - 16, y + 24, RIGHT - 8, y + 5) : "")
        + write(good ? "s-good" : "s-bad", RIGHT + 70, y + 19, "end", percent)
        + write("s-soft", WIDTH - 24, y + 19, "end", numbers);
  }

  private static double x(double part, double end) {
    return LEFT + part / end * (RIGHT - LEFT);
  }

  private static String percent(double ratio) {
    return format(ratio < 0.1 ? ratio * 100 : Math.round(ratio * 100), ratio < 0.1 ? 2 : 4) + " %";
  }

  private static String said(List<JsonObject> metrics) {
    StringBuilder said = new StringBuilder();
    for (JsonObject metric : metrics) {
      said.append(said.isEmpty() ? "" : "; ").append(text(metric, "title")).append(": ");
      said.append(percent(ratio(metric)));
    }
    return said.toString();
  }

  /** The metrics that both clients have; of too many first those with a goal. */
  private static List<JsonObject> shown(JsonObject results) {
    List<JsonObject> both = new ArrayList<>(objects(results, "metrics"));
    both.removeIf(metric -> Double.isNaN(ratio(metric)));
    Set<String> goals = new LinkedHashSet<>();
    objects(results, "goals").forEach(goal -> goals.add(text(goal, "metric")));
    for (int i = both.size() - 1; i >= 0 && both.size() > MOST_ROWS; i--) {
      if (!goals.contains(text(both.get(i), "id"))) {
        both.remove(i);
      }
    }
    return both.size() > MOST_ROWS ? both.subList(0, MOST_ROWS) : both;
  }
}
