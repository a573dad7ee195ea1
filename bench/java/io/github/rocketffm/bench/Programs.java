package io.github.rocketffm.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How the contenders are started; ./dev bench tells where they are. */
final class Programs {
  private Programs() {}

  static List<String> of(String contender) {
    return switch (contender) {
      case ScaleGoals.NATIVE -> List.of(nativeProgram("rocketmq-bench-scale"));
      case "raw", "c" -> List.of(nativeProgram("rocketmq-bench-" + contender));
      case "java" ->
          List.of(
              java(),
              "--enable-native-access=ALL-UNNAMED",
              "-Drocketmq.library.path=" + property("bench.native"),
              "-cp",
              property("bench.java.classpath"),
              "io.github.rocketffm.bench.FfmContender");
      case "apache" ->
          List.of(
              java(),
              // Its log goes to the run's folder, not to the user's home.
              "-Duser.home=" + Path.of("target/bench").toAbsolutePath(),
              "-cp",
              property("bench.apache.classpath"),
              "io.github.rocketffm.bench.ApacheContender");
      default -> throw new IllegalArgumentException("there is no contender " + contender);
    };
  }

  /** In jars, as archives of classes hold nothing of folders. */
  static List<String> firstAcknowledgement(String... options) {
    List<String> command = new ArrayList<>(List.of(java()));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Drocketmq.library.path=" + property("bench.native"),
            "-cp",
            property("bench.java.jars"),
            "io.github.rocketffm.bench.FirstAcknowledgement"));
    return command;
  }

  static List<String> apacheFirstAcknowledgement() {
    List<String> command = new ArrayList<>(of("apache"));
    command.set(command.size() - 1, "io.github.rocketffm.bench.ApacheFirstAcknowledgement");
    return command;
  }

  static String nativeProgram(String name) {
    Path program = Path.of(property("bench.native")).resolve(name);
    if (!Files.isExecutable(program)) {
      throw new IllegalStateException("there is no program " + program + ": ./dev bench builds it");
    }
    return program.toString();
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static String property(String name) {
    String value = System.getProperty(name);
    if (value == null) {
      throw new IllegalStateException("-D" + name + " is not set: run ./dev bench");
    }
    return value;
  }
}
