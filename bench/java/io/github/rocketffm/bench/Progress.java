package io.github.rocketffm.bench;

/** Tells people what goes on. */
final class Progress {
  private Progress() {}

  static void show(String what, int done, int all) {
    boolean terminal = System.console() != null && System.console().isTerminal();
    System.out.printf(terminal ? "\r\033[K%s %d/%d" : "%s %d/%d%n", what, done, all);
    System.out.flush();
  }
}
