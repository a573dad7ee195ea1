package io.github.rocketffm.bench;

import static io.github.rocketffm.bench.SvgChart.array;
import static io.github.rocketffm.bench.SvgChart.escape;
import static io.github.rocketffm.bench.SvgChart.format;
import static io.github.rocketffm.bench.SvgChart.label;
import static io.github.rocketffm.bench.SvgChart.number;
import static io.github.rocketffm.bench.SvgChart.object;
import static io.github.rocketffm.bench.SvgChart.objects;
import static io.github.rocketffm.bench.SvgChart.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The benchmark's results as one HTML page without scripts, and as a picture for the docs. */
final class HtmlReport {
  private static final Map<String, String> FACTS = new LinkedHashMap<>();

  static {
    FACTS.put("cpu", "CPU");
    FACTS.put("cores", "Cores");
    FACTS.put("memory_gb", "Memory, GB");
    FACTS.put("jdk", "JDK");
    FACTS.put("load_before", "Load average before");
    FACTS.put("load_after", "Load average after");
    FACTS.put("date", "Date");
    FACTS.put("rounds", "Rounds");
  }

  private static final String STYLE =
      """
      :root{color-scheme:light dark;--bg:#f4f6f9;--card:#fff;--ink:#1b2430;--soft:#5a6675;
      --line:#dde2e9;--faint:#edf0f4;--good:#12793d;--goodbg:#def5e6;--bad:#b42318;--badbg:#fde5e2;
      --warn:#8a5300;--warnbg:#fff0d1;--k0:#858b94;--k1:#1c7ed6;--k2:#e07b00;--k3:#7b2d8e;
      --k4:#0b8a6f;--k5:#c2255c;--k6:#7a6a00;--k7:#3b4a5a}
      @media (prefers-color-scheme:dark){:root{--bg:#11151b;--card:#1a1f27;--ink:#e6eaf0;
      --soft:#a0abb9;--line:#323b48;--faint:#262d38;--good:#5fd68b;--goodbg:#143524;--bad:#ff8f85;
      --badbg:#45201d;--warn:#ffc65c;--warnbg:#3d2e10;--k0:#8b95a3;--k1:#74c0fc;--k2:#ffa726;
      --k3:#b25fd0;--k4:#38d9a9;--k5:#ff8fab;--k6:#e0d05a;--k7:#c3cedb}}
      *{box-sizing:border-box}
      body{margin:0;background:var(--bg);color:var(--ink);
      font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
      main{max-width:1180px;margin:0 auto;padding:32px 20px 56px}
      h1{font-size:30px;line-height:1.2;margin:0 0 4px}
      h2{font-size:21px;margin:40px 0 14px}
      h3{font-size:15.5px;margin:0}
      p{margin:0}
      .sub,.none{color:var(--soft)}
      nav{margin:18px 0 0}
      nav a{color:var(--ink);margin-right:18px;text-underline-offset:4px}
      .card{background:var(--card);border:1px solid var(--line);border-radius:12px;
      padding:16px 18px;min-width:0}
      .grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
      .hero{display:flex;flex-wrap:wrap;gap:16px;margin-top:22px}
      .tile{display:flex;align-items:center;gap:14px}
      .tile b{display:block;font-size:17px}
      dl{display:flex;flex-wrap:wrap;gap:6px 28px;margin:0;flex:1 1 440px;
      align-items:center}
      dt{font-size:12px;color:var(--soft)}
      dd{margin:0;font-weight:600}
      .head{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;
      gap:2px 12px;margin-bottom:10px}
      .head .sub{font-size:13px}
      .chip{display:inline-block;border-radius:99px;padding:1px 10px;font-size:13px;
      font-weight:600;white-space:nowrap;background:var(--faint)}
      .good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
      .chip.good{background:var(--goodbg)}.chip.bad{background:var(--badbg)}
      .chip.warn{background:var(--warnbg)}
      .scroll{overflow-x:auto}
      table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
      th,td{padding:7px 10px;text-align:left;border-bottom:1px solid var(--line)}
      tr:last-child td{border-bottom:0}
      th{font-size:13px;color:var(--soft);font-weight:600;vertical-align:bottom}
      .num{text-align:right;white-space:nowrap}
      td.num b{font-size:16px}
      .legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:10px;font-size:14px}
      .legend span{white-space:nowrap}
      .swatch{vertical-align:-1px;margin-right:6px}
      th.num .swatch{display:block;margin:0 0 3px auto}
      ul{list-style:none;margin:0;padding:0;columns:2;column-gap:32px}
      li{break-inside:avoid;padding:4px 0 4px 28px;text-indent:-28px}
      li b{display:inline-block;width:28px;text-indent:0}
      .chart{display:block;width:100%;height:auto}
      svg text{font-size:12.5px;fill:var(--ink)}
      svg .axis{fill:var(--soft);font-size:12px}
      svg .value{font-weight:600}
      line.grid{stroke:var(--line)}line.faint{stroke:var(--faint)}
      .band{fill:var(--faint);opacity:.6}
      .line{fill:none;stroke:currentColor;stroke-width:2}
      .k2 .line{stroke-width:3}
      .mark{fill:currentColor;stroke:var(--card);stroke-width:1}
      .bar{fill:currentColor}
      .whisker{stroke:var(--ink);stroke-width:1.5}
      .ring{flex:none}
      .ring circle{fill:none;stroke-width:8;transform:rotate(-90deg);transform-origin:50% 50%}
      .ring .rest{stroke:var(--bad)}.ring .part{stroke:var(--good)}
      .ring .count{font-size:14px;font-weight:700}
      .bullet{display:block;width:150px;height:18px}
      .bullet .track{fill:var(--faint)}.bullet .fill{fill:currentColor}
      .bullet .limit{stroke:var(--ink);stroke-width:2}
      .k0{color:var(--k0)}.k1{color:var(--k1)}.k2{color:var(--k2)}.k3{color:var(--k3)}
      .k4{color:var(--k4)}.k5{color:var(--k5)}.k6{color:var(--k6)}.k7{color:var(--k7)}
      @media (max-width:1160px){.grid{grid-template-columns:minmax(0,1fr)}}
      @media (max-width:860px){ul{columns:1}.wide{display:none}}
      @media print{.card{break-inside:avoid}}
      """;

  private final JsonObject results;
  private final SvgChart charts;
  private final StringBuilder links = new StringBuilder();
  private final StringBuilder sections = new StringBuilder();

  private HtmlReport(JsonObject results) {
    this.results = results;
    this.charts = new SvgChart(results);
  }

  /** The whole page of a results.json. */
  static String render(JsonObject results) {
    return new HtmlReport(results).page();
  }

  /** A stand-alone SVG: the Java library beside Apache's client, whose medians are 100 %. */
  static String summarySvg(JsonObject results) {
    return SummarySvg.of(results);
  }

  private String page() {
    if (SummarySvg.any(results)) {
      String picture = "<div class='picture'>" + SummarySvg.of(results) + "</div>";
      section("summary", "At a glance", picture);
    }
    section("goals", "Goals", goals());
    section("latency", "Latency", grid(objects(results, "distributions"), this::distribution));
    section("metrics", "Metrics", grid(objects(results, "metrics"), this::metric));
    section("growth", "Growth", grid(objects(results, "growth"), this::growth));
    section("checks", "Checks", checks());
    return "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        + "<meta name='viewport' content='width=device-width,initial-scale=1'>\n"
        + "<title>RocketMQ client benchmark</title>\n<style>\n"
        + STYLE
        + "</style>\n</head>\n<body>\n<main>\n"
        + header()
        + (sections.isEmpty() ? "<p class='none'>No results.</p>\n" : sections)
        + "</main>\n</body>\n</html>\n";
  }

  private void section(String id, String title, String content) {
    if (!content.isEmpty()) {
      links.append("<a href='#%s'>%s</a>".formatted(id, title));
      sections.append(
          "<section aria-labelledby='%s'>\n<h2 id='%s'>%s</h2>\n%s\n</section>\n"
              .formatted(id, id, title, content));
    }
  }

  private static String grid(List<JsonObject> members, Function<JsonObject, String> card) {
    StringBuilder cards = new StringBuilder();
    for (JsonObject member : members) {
      cards.append("<article class='card'>").append(card.apply(member)).append("</article>\n");
    }
    return cards.isEmpty() ? "" : "<div class='grid'>\n" + cards + "</div>";
  }

  private String header() {
    JsonObject host = object(results, "host");
    StringBuilder facts = new StringBuilder();
    FACTS.forEach(
        (key, name) -> {
          double value = number(host, key);
          String shown = Double.isNaN(value) ? text(host, key) : format(value);
          if (!shown.isEmpty()) {
            facts.append("<div><dt>%s</dt><dd>%s</dd></div>".formatted(name, escape(shown)));
          }
        });
    boolean quick = "true".equals(text(host, "quick"));
    StringBuilder names = new StringBuilder();
    for (JsonElement contender : array(results, "contenders")) {
      names.append("<span>").append(charts.swatch(contender.getAsString()));
      names.append(escape(label(contender.getAsString()))).append("</span>");
    }
    return "<header>\n<h1>RocketMQ client benchmark"
        + (quick ? " <span class='chip warn'>quick run: take as a hint</span>" : "")
        + "</h1>\n<p class='sub'>The Java library beside other clients of the same broker</p>\n"
        + "<div class='hero'>"
        + tile("Goals", objects(results, "goals"), "met", "all met", "not met")
        + tile("Checks", objects(results, "checks"), "ok", "all passed", "failed")
        + (facts.isEmpty() ? "" : "<dl class='card'>" + facts + "</dl>")
        + "</div>\n"
        + (names.isEmpty() ? "" : "<div class='legend'>" + names + "</div>\n")
        + (links.isEmpty() ? "" : "<nav aria-label='Sections'>" + links + "</nav>\n")
        + "</header>\n";
  }

  private static String tile(
      String name, List<JsonObject> members, String key, String all, String others) {
    if (members.isEmpty()) {
      return "";
    }
    long good = members.stream().filter(member -> "true".equals(text(member, key))).count();
    long rest = members.size() - good;
    return "<div class='card tile'>%s<div><b>%s</b><span class='%s'>%s</span></div></div>"
        .formatted(
            SvgChart.ring(good, members.size()),
            name,
            rest == 0 ? "good" : "bad",
            rest == 0 ? all : rest + " " + others);
  }

  private String goals() {
    StringBuilder rows = new StringBuilder();
    for (JsonObject goal : objects(results, "goals")) {
      double value = number(goal, "value");
      double limit = number(goal, "limit");
      String met = text(goal, "met");
      String style = met.equals("true") ? "good" : met.equals("false") ? "bad" : "warn";
      String verdict = met.equals("true") ? "✓ met" : met.equals("false") ? "✗ not met" : "? open";
      String unit = " " + text(goal, "unit");
      int digits = 3;
      while (value != limit && digits < 8 && format(value, digits).equals(format(limit, digits))) {
        digits++;
      }
      String shown = Math.abs(value) < 1000 ? format(value, digits) : format(value);
      String sign = text(goal, "comparison").replace("<=", "≤").replace(">=", "≥");
      rows.append("<tr><td><span class='chip %s'>%s</span></td>".formatted(style, verdict));
      rows.append("<td>%s</td>".formatted(escape(text(goal, "text"))));
      rows.append(
          "<td class='num'><b>%s</b>%s</td>"
              .formatted(shown, Double.isNaN(value) ? "" : escape(unit)));
      rows.append("<td class='num'>%s</td>".formatted(escape(sign + " " + format(limit) + unit)));
      rows.append("<td class='wide %s'>%s</td></tr>\n".formatted(style, bullet(value, limit)));
    }
    return rows.isEmpty()
        ? ""
        : "<div class='card scroll'><table><thead><tr><th>Verdict</th><th>Goal</th>"
            + "<th class='num'>Measured</th><th class='num'>Limit</th>"
            + "<th class='wide'>Measured and limit</th></tr></thead>\n<tbody>"
            + rows
            + "</tbody></table></div>";
  }

  private static String bullet(double value, double limit) {
    if (!(value >= 0 && limit > 0)) {
      return "";
    }
    double scale = 150 / (Math.max(value, limit) * 1.15);
    return "<svg class='bullet' viewBox='0 0 150 18' aria-hidden='true'>"
        + "<rect class='track' y='3' width='150' height='12' rx='3'/>"
        + "<rect class='fill' y='5' width='%s' height='8' rx='2'/>"
            .formatted(SvgChart.px(value * scale))
        + SvgChart.line("limit", limit * scale, 0, limit * scale, 18)
        + "</svg>";
  }

  private String distribution(JsonObject distribution) {
    JsonObject series = object(distribution, "series");
    StringBuilder rows = new StringBuilder();
    for (String name : charts.contenders(series)) {
      rows.append("<tr><td>").append(charts.swatch(name)).append(escape(label(name)));
      for (double percentile : new double[] {50, 99, 99.9, 100}) {
        rows.append("</td><td class='num'>").append(SvgChart.at(series, name, percentile));
      }
      rows.append("</td></tr>");
    }
    String chart =
        "<div class='head'><h3>%s</h3><span class='sub'>lower is better</span></div>\n"
                .formatted(escape(text(distribution, "title")))
            + charts.percentiles(distribution);
    if (rows.isEmpty()) {
      return chart;
    }
    return chart
        + "<table><thead><tr><th>%s</th><th class='num'>p50</th><th class='num'>p99</th>"
            .formatted(escape(text(distribution, "unit")))
        + "<th class='num'>p99.9</th><th class='num'>max</th></tr></thead><tbody>"
        + rows
        + "</tbody></table>";
  }

  private String metric(JsonObject metric) {
    String better = text(metric, "better");
    return "<h3>%s</h3>\n<div class='head'><span class='sub'>%s</span>%s</div>\n"
            .formatted(
                escape(text(metric, "title")),
                better.isEmpty() ? "" : escape(better) + " is better",
                comparison(metric, better))
        + charts.bars(metric);
  }

  /** The Java library's median beside that of Apache's client, in words. */
  private static String comparison(JsonObject metric, String better) {
    double ratio = SummarySvg.ratio(metric);
    if (Double.isNaN(ratio)) {
      return "";
    }
    if (Math.abs(ratio - 1) < 0.02) {
      return "<span class='chip'>≈ Apache client</span>";
    }
    boolean good = ratio < 1 == better.equals("lower");
    String by =
        ratio >= 2
            ? format(ratio) + " × the Apache client’s"
            : "%s %% %s than Apache"
                .formatted(format(Math.abs(ratio - 1) * 100, 2), ratio < 1 ? "lower" : "higher");
    return better.isEmpty()
        ? "<span class='chip'>%s</span>".formatted(by)
        : "<span class='chip %s'>%s %s</span>"
            .formatted(good ? "good" : "bad", good ? "✓" : "✗", by);
  }

  private String growth(JsonObject growth) {
    // The line's sample stands above its name: side by side they take more than half a page has.
    StringBuilder head = new StringBuilder("<th>" + escape(text(growth, "x")) + "</th>");
    StringBuilder rows = new StringBuilder();
    for (JsonElement column : array(growth, "columns")) {
      String name = column.getAsString();
      head.append("<th class='num'>").append(charts.swatch(name));
      head.append(escape(label(name))).append("</th>");
    }
    for (JsonObject row : objects(growth, "rows")) {
      rows.append("<tr><td>").append(escape(text(row, "x"))).append("</td>");
      for (JsonElement column : array(growth, "columns")) {
        double value = number(object(row, "values"), column.getAsString());
        rows.append("<td class='num'>").append(format(value)).append("</td>");
      }
      rows.append("</tr>");
    }
    return "<div class='head'><h3>%s</h3></div>\n".formatted(escape(text(growth, "title")))
        + charts.growth(growth)
        + "<div class='scroll'><table><thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>"
            .formatted(head, rows);
  }

  private String checks() {
    StringBuilder items = new StringBuilder();
    for (JsonObject check : objects(results, "checks")) {
      boolean ok = "true".equals(text(check, "ok"));
      items.append("<li><b class='%s' role='img' ".formatted(ok ? "good" : "bad"));
      items.append("aria-label='%s'>%s</b>".formatted(ok ? "passed" : "failed", ok ? "✓" : "✗"));
      items.append(ok ? "" : "<span class='bad'>Failed:</span> ");
      items.append(escape(text(check, "text"))).append("</li>\n");
    }
    return items.isEmpty() ? "" : "<div class='card'><ul>\n" + items + "</ul></div>";
  }
}
