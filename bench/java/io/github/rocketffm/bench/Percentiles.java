package io.github.rocketffm.bench;

import java.util.Arrays;

/** Latencies as JSON: the usual percentiles, and the points of a curve. */
final class Percentiles {
  private static final double[] POINTS = {0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100};

  private Percentiles() {}

  /** Sorts what it is given; in nanoseconds. */
  static String json(long[] nanos) {
    Arrays.sort(nanos);
    StringBuilder json = new StringBuilder("{");
    member(json, "p50", at(nanos, 50)).append(',');
    member(json, "p90", at(nanos, 90)).append(',');
    member(json, "p99", at(nanos, 99)).append(',');
    member(json, "p999", at(nanos, 99.9)).append(',');
    member(json, "max", at(nanos, 100)).append(",\"points\":[");
    for (int i = 0; i < POINTS.length; i++) {
      json.append(i == 0 ? "[" : ",[").append(POINTS[i]).append(',').append(at(nanos, POINTS[i]));
      json.append(']');
    }
    return json.append("]}").toString();
  }

  private static StringBuilder member(StringBuilder json, String name, double value) {
    return json.append('"').append(name).append("\":").append(value);
  }

  private static double at(long[] sorted, double percentile) {
    if (sorted.length == 0) {
      return 0;
    }
    int index = (int) Math.ceil(percentile / 100 * sorted.length) - 1;
    return sorted[Math.max(0, index)] / 1000.0;
  }
}
