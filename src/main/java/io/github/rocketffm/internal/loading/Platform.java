package io.github.rocketffm.internal.loading;

import java.util.Locale;

/** What this process runs on. */
final class Platform {
  private Platform() {}

  static boolean isWindows() {
    return os().equals("windows");
  }

  private static String os() {
    String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return name.startsWith("windows")
        ? "windows"
        : name.startsWith("linux") ? "linux" : name.replace(' ', '-');
  }

  /** As a folder of the bundle is named: linux-x86_64, linux-aarch_64, windows-x86_64. */
  static String name() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    String known =
        switch (arch) {
          case "amd64" -> "x86_64";
          case "aarch64" -> "aarch_64";
          default -> arch;
        };
    return os() + "-" + known;
  }

  static String libraryFileName() {
    return isWindows() ? "rocketmq.dll" : "librocketmq.so";
  }
}
