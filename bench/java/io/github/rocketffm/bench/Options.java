package io.github.rocketffm.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * What one run measures, and how much of it.
 *
 * @param quick ends within 5 minutes
 * @param rounds of each measurement, interleaved over the contenders
 * @param contenders in the order of their turns
 */
record Options(boolean quick, int rounds, List<String> contenders) {
  static final List<String> ALL = List.of("raw", "c", "java", "apache");
  static final String USAGE =
      "./dev bench [--quick] [--rounds=N] [--contenders=raw,c,java,apache]\n"
          + "  --quick        ends within 5 minutes (fewer rounds, smaller tables of growth)\n"
          + "  --rounds=N     1 to 50; 9 by default, 5 with --quick\n"
          + "  --contenders   some of raw,c,java,apache; goals that compare with others are not run\n"
          + "  --scale        large numbers of consumers and queues instead, with options of its own";

  private static final int MOST_ROUNDS = 50;

  /** Throws IllegalArgumentException telling what is wrong. */
  static Options parse(String[] arguments) {
    boolean quick = false;
    int rounds = 0;
    List<String> contenders = ALL;
    for (String argument : arguments) {
      String value = argument.substring(argument.indexOf('=') + 1);
      if (argument.equals("--quick")) {
        quick = true;
      } else if (argument.startsWith("--rounds=")) {
        rounds = rounds(value);
      } else if (argument.startsWith("--contenders=")) {
        contenders = contenders(value);
      } else {
        throw new IllegalArgumentException("there is no option " + argument + "\n" + USAGE);
      }
    }
    return new Options(quick, rounds > 0 ? rounds : quick ? 5 : 9, contenders);
  }

  private static int rounds(String text) {
    try {
      int rounds = Integer.parseInt(text);
      if (rounds >= 1 && rounds <= MOST_ROUNDS) {
        return rounds;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException("--rounds is \"" + text + "\", outside 1 to " + MOST_ROUNDS);
  }

  private static List<String> contenders(String text) {
    List<String> chosen = new ArrayList<>(List.of(text.split(",")));
    if (!ALL.containsAll(chosen)) {
      throw new IllegalArgumentException(
          "--contenders is \"" + text + "\": choose of " + String.join(",", ALL));
    }
    return ALL.stream().filter(chosen::contains).toList();
  }

  boolean has(String contender) {
    return contenders.contains(contender);
  }
}
