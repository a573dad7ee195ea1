package io.github.rocketffm.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.math.MathContext;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Inline SVG charts of the benchmark report, and its text and number helpers. Charts take their
 * colours from the page: a contender's class k0 to k7 sets {@code color}.
 */
final class SvgChart {
  private static final List<String> KNOWN = List.of("raw", "c", "java", "apache");
  private static final Map<String, String> LABELS =
      Map.of("raw", "Raw probe", "c", "C API", "java", "Java library", "apache", "Apache client");
  private static final String[] DASHES = {"2 3", "8 4", "", "9 3 2 3", "", "6 2", "1 2", "4 4"};
  private static final String NO_DATA = "<p class='none'>No data.</p>";
  private static final int WIDTH = 540;
  private static final int LEFT = 74;
  private static final int RIGHT = WIDTH - 16;

  private final List<String> order = new ArrayList<>(KNOWN);

  /** Contenders of the results beyond the known four get the further colours in their order. */
  SvgChart(JsonObject results) {
    for (JsonElement contender : array(results, "contenders")) {
      slot(contender.getAsString());
    }
  }

  /** The colour's number of a contender, the same over all charts. */
  int slot(String contender) {
    if (!order.contains(contender)) {
      order.add(contender);
    }
    int at = order.indexOf(contender);
    return at < 4 ? at : 4 + (at - 4) % 4;
  }

  /** The members of an object that tell something, contenders in their usual order. */
  List<String> contenders(JsonObject values) {
    Set<String> names = new LinkedHashSet<>(order);
    names.addAll(values.keySet());
    names.removeIf(name -> !values.has(name) || values.get(name).isJsonNull());
    return List.copyOf(names);
  }

  static String label(String contender) {
    return LABELS.getOrDefault(contender, contender);
  }

  /** A sample of a contender's line and marker for a legend. */
  String swatch(String contender) {
    int slot = slot(contender);
    return "<svg class='swatch k%d' width='30' height='12' aria-hidden='true'>".formatted(slot)
        + "<path class='line' d='M1 6H29'%s/>%s</svg>".formatted(dash(slot), marker(slot, 15, 6));
  }

  /** Horizontal bars at the medians with whiskers from the least to the greatest round. */
  String bars(JsonObject metric) {
    JsonObject values = object(metric, "values");
    String unit = text(metric, "unit");
    List<String> names = new ArrayList<>(contenders(values));
    names.removeIf(name -> Double.isNaN(number(object(values, name), "median")));
    if (names.isEmpty()) {
      return NO_DATA;
    }
    double top = 0;
    for (String name : names) {
      JsonObject value = object(values, name);
      top = Math.max(top, Math.max(number(value, "median"), number(value, "max", 0)));
    }
    double step = niceStep(top, 4);
    int left = 104;
    int right = WIDTH - 128;
    double scale = (right - left) / (top > 0 ? top : 1);
    int bottom = 34 * names.size() + 4;
    StringBuilder said = new StringBuilder();
    StringBuilder svg = new StringBuilder();
    for (double tick = 0; tick <= top * 1.001; tick += step) {
      double x = left + tick * scale;
      svg.append(line("grid", x, 0, x, bottom)).append(label(x, bottom + 15, "middle", tick));
    }
    int y = 4;
    for (String name : names) {
      JsonObject value = object(values, name);
      double median = number(value, "median");
      double min = number(value, "min", median);
      double max = number(value, "max", median);
      String shown = format(median) + " " + unit;
      String range = "%s: %s (%s – %s)".formatted(label(name), shown, format(min), format(max));
      said.append(said.isEmpty() ? "" : ", ").append(range);
      svg.append("<g class='k%d'><title>%s</title>".formatted(slot(name), escape(range)));
      svg.append(write("name", left - 8, y + 17, "end", shorten(label(name), 15)));
      svg.append(
          "<rect class='bar' x='%s' y='%d' width='%s' height='20' rx='3'/>"
              .formatted(left, y + 3, px(Math.max(median * scale, 1))));
      if (max > min) {
        double from = left + min * scale;
        double to = left + max * scale;
        svg.append(line("whisker", from, y + 13, to, y + 13));
        svg.append(line("whisker", from, y + 8, from, y + 18));
        svg.append(line("whisker", to, y + 8, to, y + 18));
      }
      double end = left + Math.max(median, max) * scale;
      svg.append(write("value", end + 8, y + 17, "start", shown)).append("</g>");
      y += 34;
    }
    return open(WIDTH, bottom + 20, text(metric, "title"), said.toString()) + svg + "</svg>";
  }

  /** Latency by percentile: x logarithmic in 1 - p, y logarithmic. */
  String percentiles(JsonObject distribution) {
    JsonObject series = object(distribution, "series");
    String unit = text(distribution, "unit");
    double low = Double.MAX_VALUE;
    double high = 0;
    double finite = 3;
    for (String name : contenders(series)) {
      for (double[] point : points(series, name)) {
        low = Math.min(low, point[1]);
        high = Math.max(high, point[1]);
        finite = Math.max(finite, point[0] < 100 ? nines(point[0]) : 0);
      }
    }
    if (high == 0) {
      return NO_DATA;
    }
    double widen = Math.max(1.15, Math.sqrt(4 * low / high));
    double bottom = Math.log10(low / widen);
    double perDecade = 246 / (Math.log10(high * widen) - bottom);
    double perNine = (RIGHT - LEFT) / (finite + 0.5);
    StringBuilder svg = new StringBuilder();
    double band = LEFT + finite * perNine;
    svg.append(
        "<rect class='band' x='%s' y='24' width='%s' height='246'/>"
            .formatted(px(band), px(RIGHT - band)));
    boolean few = 246 / perDecade < 2.2;
    for (int decade = (int) Math.floor(bottom); decade <= Math.log10(high * widen); decade++) {
      for (int digit : new int[] {1, 2, 5}) {
        double y = 270 - (Math.log10(digit) + decade - bottom) * perDecade;
        if (y < 24 || y > 270) {
          continue;
        }
        svg.append(line(digit == 1 ? "grid" : "grid faint", LEFT, y, RIGHT, y));
        if (few || digit == 1) {
          svg.append(label(LEFT - 8, y + 4, "end", digit * Math.pow(10, decade)));
        }
      }
    }
    for (double percentile : new double[] {0, 50, 90, 99, 99.9, 99.99, 100}) {
      double x = percentile < 100 ? LEFT + nines(percentile) * perNine : RIGHT;
      if (percentile == 100 || nines(percentile) <= finite + 1e-6) {
        svg.append(line("grid", x, 24, x, 270));
        svg.append(write("axis", x, 287, "middle", format(percentile, 4)));
      }
    }
    svg.append(write("axis", LEFT - 8, 14, "end", unit));
    svg.append(write("axis", (LEFT + RIGHT) / 2.0, 307, "middle", "percentile of the messages"));
    StringBuilder said = new StringBuilder();
    for (String name : contenders(series)) {
      List<double[]> placed = new ArrayList<>();
      List<String> titles = new ArrayList<>();
      for (double[] point : points(series, name)) {
        double x = point[0] < 100 ? LEFT + nines(point[0]) * perNine : RIGHT;
        placed.add(new double[] {x, 270 - (Math.log10(point[1]) - bottom) * perDecade});
        titles.add(
            "%s, p%s: %s %s".formatted(label(name), format(point[0], 4), format(point[1]), unit));
      }
      svg.append(curve(slot(name), placed, titles));
      said.append(label(name)).append(", median ").append(at(series, name, 50)).append(" ");
      said.append(unit).append(", p99 ").append(at(series, name, 99)).append("; ");
    }
    return open(WIDTH, 314, text(distribution, "title"), said.toString()) + svg + "</svg>";
  }

  /** A contender's latency at a percentile for a legend, empty when it has none. */
  static String at(JsonObject series, String name, double percentile) {
    return points(series, name).stream()
        .filter(point -> point[0] == percentile)
        .map(point -> format(point[1]))
        .findFirst()
        .orElse("–");
  }

  /** A small line chart of a growth table over its rows. */
  String growth(JsonObject growth) {
    List<JsonObject> rows = objects(growth, "rows");
    double top = 0;
    for (JsonObject row : rows) {
      for (JsonElement column : array(growth, "columns")) {
        top = Math.max(top, number(object(row, "values"), column.getAsString(), 0));
      }
    }
    if (top <= 0) {
      return "";
    }
    double step = niceStep(top, 4);
    double ceiling = Math.ceil(top / step - 1e-9) * step;
    double apart = (RIGHT - LEFT - 60) / Math.max(1.0, rows.size() - 1);
    double start = rows.size() > 1 ? LEFT + 30 : (LEFT + RIGHT) / 2.0;
    StringBuilder svg = new StringBuilder();
    for (double tick = 0; tick <= ceiling * 1.001; tick += step) {
      double y = 180 - tick / ceiling * 152;
      svg.append(line("grid", LEFT, y, RIGHT, y)).append(label(LEFT - 8, y + 4, "end", tick));
    }
    int every = Math.max(1, (rows.size() + 9) / 10);
    for (int i = 0; i < rows.size(); i += every) {
      svg.append(write("axis", start + i * apart, 197, "middle", text(rows.get(i), "x")));
    }
    svg.append(write("axis", LEFT - 8, 14, "end", text(growth, "unit")));
    svg.append(write("axis", (LEFT + RIGHT) / 2.0, 216, "middle", text(growth, "x")));
    for (JsonElement column : array(growth, "columns")) {
      String name = column.getAsString();
      List<double[]> placed = new ArrayList<>();
      List<String> titles = new ArrayList<>();
      for (int i = 0; i < rows.size(); i++) {
        double value = number(object(rows.get(i), "values"), name);
        if (!Double.isNaN(value)) {
          placed.add(new double[] {start + i * apart, 180 - value / ceiling * 152});
          String x = text(growth, "x") + " " + text(rows.get(i), "x");
          titles.add("%s, %s: %s".formatted(label(name), x, format(value)));
        }
      }
      svg.append(curve(slot(name), placed, titles));
    }
    return open(WIDTH, 222, text(growth, "title"), "The numbers are in the table below.")
        + svg
        + "</svg>";
  }

  /** A ring filled by the part that holds. */
  static String ring(long good, long all) {
    double length = 2 * Math.PI * 26;
    String circle = "<circle class='%s' cx='32' cy='32' r='26' stroke-dasharray='%s %s'/>";
    double part = all == 0 ? 0 : (double) good / all;
    return "<svg class='ring' width='64' height='64' viewBox='0 0 64 64' aria-hidden='true'>"
        + circle.formatted(good == all ? "part" : "rest", px(length), "0")
        + (part > 0 ? circle.formatted("part", px(length * part), px(length)) : "")
        + write("count", 32, 37, "middle", good + "/" + all)
        + "</svg>";
  }

  private static String curve(int slot, List<double[]> points, List<String> titles) {
    StringBuilder path = new StringBuilder();
    StringBuilder marks = new StringBuilder();
    for (int i = 0; i < points.size(); i++) {
      double[] point = points.get(i);
      path.append(i == 0 ? "M" : "L").append(px(point[0])).append(" ").append(px(point[1]));
      marks.append("<g><title>").append(escape(titles.get(i))).append("</title>");
      marks.append(marker(slot, point[0], point[1])).append("</g>");
    }
    return "<g class='k%d'><path class='line' d='%s'%s/>%s</g>"
        .formatted(slot, path, dash(slot), marks);
  }

  private static String dash(int slot) {
    return DASHES[slot].isEmpty() ? "" : " stroke-dasharray='" + DASHES[slot] + "'";
  }

  private static String marker(int slot, double x, double y) {
    String shape =
        switch (slot % 4) {
          case 0 -> "m-3.5 -3.5h7v7h-7z";
          case 1 -> "m0 -4.5l4.5 8h-9z";
          case 2 -> "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z";
          default -> "m0 -5l5 5l-5 5l-5 -5z";
        };
    return "<path class='mark' d='M%s %s%s'/>".formatted(px(x), px(y), shape);
  }

  /** The points of a contender above 0, which a logarithmic axis can show. */
  private static List<double[]> points(JsonObject series, String name) {
    List<double[]> points = new ArrayList<>();
    for (JsonElement element : array(series, name)) {
      JsonArray pair = element.getAsJsonArray();
      if (pair.get(1).getAsDouble() > 0) {
        points.add(new double[] {pair.get(0).getAsDouble(), pair.get(1).getAsDouble()});
      }
    }
    return points;
  }

  private static double nines(double percentile) {
    return -Math.log10(1 - percentile / 100);
  }

  private static double niceStep(double top, int steps) {
    if (!(top > 0)) {
      return 1;
    }
    double decade = Math.pow(10, Math.floor(Math.log10(top / steps)));
    double rest = top / steps / decade;
    double quarter = decade >= 10 ? 2.5 : 2;
    return decade
        * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= quarter ? quarter : rest <= 5 ? 5 : 10);
  }

  /** The start of a drawing with its name and description. */
  static String open(int width, int height, String title, String description) {
    String size = "width='%d' height='%d' viewBox='0 0 %1$d %2$d'".formatted(width, height);
    return "<svg xmlns='http://www.w3.org/2000/svg' class='chart' role='img' "
        + size
        + " aria-label='%s'>".formatted(escape(title + ". " + description))
        + "<title>%s</title><desc>%s</desc>".formatted(escape(title), escape(description));
  }

  static String line(String style, double x1, double y1, double x2, double y2) {
    return "<line class='%s' x1='%s' y1='%s' x2='%s' y2='%s'/>"
        .formatted(style, px(x1), px(y1), px(x2), px(y2));
  }

  static String write(String style, double x, double y, String anchor, String text) {
    return "<text class='%s' x='%s' y='%s' text-anchor='%s'>%s</text>"
        .formatted(style, px(x), px(y), anchor, escape(text));
  }

  private static String label(double x, double y, String anchor, double value) {
    return write("axis", x, y, anchor, format(value));
  }

  static String px(double value) {
    return BigDecimal.valueOf(Math.round(value * 10), 1).stripTrailingZeros().toPlainString();
  }

  /** Three significant digits below 1,000, four above, with thousands separators. */
  static String format(double value) {
    return format(value, Math.abs(value) < 1000 ? 3 : 4);
  }

  static String format(double value, int digits) {
    if (!Double.isFinite(value)) {
      return "–";
    }
    BigDecimal rounded = BigDecimal.valueOf(value).round(new MathContext(digits));
    return new DecimalFormat("#,##0.########", DecimalFormatSymbols.getInstance(Locale.ROOT))
        .format(rounded);
  }

  static String shorten(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length - 1) + "…";
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  static double number(JsonObject object, String key) {
    return number(object, key, Double.NaN);
  }

  static double number(JsonObject object, String key, double otherwise) {
    return object.get(key) instanceof JsonPrimitive value && value.isNumber()
        ? value.getAsDouble()
        : otherwise;
  }

  static String text(JsonObject object, String key) {
    return object.has(key) && object.get(key).isJsonPrimitive()
        ? object.get(key).getAsString()
        : "";
  }

  static JsonArray array(JsonObject object, String key) {
    return object.get(key) instanceof JsonArray array ? array : new JsonArray();
  }

  static JsonObject object(JsonObject object, String key) {
    return object.get(key) instanceof JsonObject member ? member : new JsonObject();
  }

  static List<JsonObject> objects(JsonObject object, String key) {
    List<JsonObject> objects = new ArrayList<>();
    array(object, key).forEach(element -> objects.add(element.getAsJsonObject()));
    return objects;
  }
}
