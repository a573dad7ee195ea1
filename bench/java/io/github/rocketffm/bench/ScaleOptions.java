package io.github.rocketffm.bench;

import java.util.Arrays;
import java.util.List;

/**
 * What one run of the benchmark of large numbers measures.
 *
 * @param rounds of each measurement
 * @param consumers of ours in one process, beside the first
 * @param apacheConsumers of Apache's client, beside the first; 0: without it
 * @param parts in the order in which they run
 */
record ScaleOptions(int rounds, int consumers, int apacheConsumers, List<String> parts) {
  static final String FLAG = "--scale";
  static final List<String> PARTS = List.of("header", "queues", "rebalance", "consumers");
  static final String USAGE =
      "./dev bench --scale [--rounds=N] [--consumers=N] [--apache-consumers=N] [--parts=…]\n"
          + "  --rounds=N            1 to 20; 3 by default\n"
          + "  --consumers=N         1 to 5000 of ours in one process; 1000 by default\n"
          + "  --apache-consumers=N  0 to 200 of Apache's client in one process; 50 by default\n"
          + "  --parts               some of header,queues,rebalance,consumers; all by default";

  /** Throws IllegalArgumentException telling what is wrong. */
  static ScaleOptions parse(String[] arguments) {
    int rounds = 3;
    int consumers = 1000;
    int apacheConsumers = 50;
    List<String> parts = PARTS;
    for (String argument : arguments) {
      String name = argument.split("=", 2)[0];
      String value = argument.substring(argument.indexOf('=') + 1);
      switch (name) {
        case FLAG -> {
          if (!argument.equals(FLAG)) {
            throw new IllegalArgumentException(FLAG + " takes no value\n" + USAGE);
          }
        }
        case "--rounds" -> rounds = number(name, value, 1, 20);
        case "--consumers" -> consumers = number(name, value, 1, 5000);
        case "--apache-consumers" -> apacheConsumers = number(name, value, 0, 200);
        case "--parts" -> parts = parts(value);
        default ->
            throw new IllegalArgumentException(
                "there is no option " + argument + " with " + FLAG + "\n" + USAGE);
      }
    }
    return new ScaleOptions(rounds, consumers, apacheConsumers, parts);
  }

  private static int number(String name, String text, int least, int most) {
    try {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(
        name + " is \"" + text + "\", outside " + least + " to " + most);
  }

  private static List<String> parts(String text) {
    List<String> chosen = Arrays.asList(text.split(",", -1));
    if (!PARTS.containsAll(chosen)) {
      throw new IllegalArgumentException(
          "--parts is \"" + text + "\": choose of " + String.join(",", PARTS));
    }
    return PARTS.stream().filter(chosen::contains).toList();
  }

  static boolean isMeant(String[] arguments) {
    return Arrays.stream(arguments)
        .anyMatch(argument -> argument.equals(FLAG) || argument.startsWith(FLAG + "="));
  }

  boolean has(String part) {
    return parts.contains(part);
  }
}
