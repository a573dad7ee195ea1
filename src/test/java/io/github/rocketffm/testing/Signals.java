package io.github.rocketffm.testing;

import java.io.IOException;

/** Signals that Java itself does not send. */
public final class Signals {
  private Signals() {}

  /** Sends one by its name without SIG. */
  public static void send(Process process, String name) throws IOException, InterruptedException {
    int code =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
            .inheritIO()
            .start()
            .waitFor();
    if (code != 0) {
      throw new IllegalStateException("SIG" + name + " did not reach process " + process.pid());
    }
  }
}
