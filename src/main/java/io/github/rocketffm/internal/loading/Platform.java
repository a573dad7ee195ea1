package io.github.rocketffm.internal.loading;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/** What this process runs on. */
final class Platform {
  private static final boolean MUSL = isMusl();

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

  /** As a folder of the bundle is named: linux-x86_64, linux-aarch_64, windows-x86_64; linux-x86_64-musl of Alpine. */
  static String name() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    String known =
        switch (arch) {
          case "amd64" -> "x86_64";
          case "aarch64" -> "aarch_64";
          default -> arch;
        };
    return os() + "-" + known + (MUSL ? "-musl" : "");
  }

  /** Whether the C library of this process is musl, for which nothing is built that needs glibc. */
  private static boolean isMusl() {
    try (Stream<String> mapped = Files.lines(Path.of("/proc/self/maps"))) {
      return mapped.anyMatch(line -> line.contains("/ld-musl-"));
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  static String libraryFileName() {
    return isWindows() ? "rocketmq.dll" : "librocketmq.so";
  }
}
