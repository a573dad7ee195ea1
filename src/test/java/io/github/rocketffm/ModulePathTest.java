package io.github.rocketffm;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.testing.MockCluster;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** A program that is a module, and runs with this library and SLF4J's API on the module path and nothing else. */
@Tag("mock")
class ModulePathTest {
  private static final Path BIN = Path.of(System.getProperty("java.home"), "bin");
  private static final long PATIENCE_SECONDS = 120;

  private static final String DESCRIPTOR =
      """
      module shop {
        requires io.github.rocketffm;
      }
      """;

  private static final String PROGRAM =
      """
      package shop;

      import io.github.rocketffm.Message;
      import io.github.rocketffm.Producer;
      import io.github.rocketffm.RocketMq;

      public final class Main {
        public static void main(String[] arguments) {
          try (var producer = Producer.builder("shop").nameServers(arguments[0]).start()) {
            producer.send(Message.builder("orders").body("hello").build());
          }
          System.out.println("library " + RocketMq.class.getModule());
          System.out.println("program " + Main.class.getModule());
          System.out.println("version " + RocketMq.version());
        }
      }
      """;

  @TempDir Path folder;
  private final List<String> output = new ArrayList<>();

  @BeforeEach
  void writeDescriptor() throws IOException {
    Files.writeString(folder.resolve("module-info.java"), DESCRIPTOR);
  }

  private static String location(Class<?> of) throws Exception {
    CodeSource source = of.getProtectionDomain().getCodeSource();
    return Path.of(source.getLocation().toURI()).toString();
  }

  private static String modulePath() throws Exception {
    return location(Producer.class) + File.pathSeparator + location(Logger.class);
  }

  private int run(String tool, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(BIN.resolve(tool).toString()));
    command.addAll(List.of(arguments));
    Path file = folder.resolve("output");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(file.toFile()).start();
    try {
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).as(tool).isTrue();
    } finally {
      process.destroyForcibly();
    }
    output.clear();
    output.addAll(Files.readAllLines(file));
    return process.exitValue();
  }

  private int compile(String program) throws Exception {
    Path source = folder.resolve("shop/Main.java");
    Files.createDirectories(source.getParent());
    Files.writeString(source, program);
    return run(
        "javac",
        "-Xlint:all",
        "-Werror",
        "-proc:none",
        "-d",
        folder.resolve("classes").toString(),
        "--module-path",
        modulePath(),
        folder.resolve("module-info.java").toString(),
        source.toString());
  }

  @Test
  void aModuleSendsWithNativeAccessForTheLibraryAlone() throws Exception {
    assertThat(compile(PROGRAM)).as("%s", output).isZero();
    assertThat(output).isEmpty();
    try (MockCluster cluster = new MockCluster()) {
      int code =
          run(
              "java",
              "--enable-native-access=io.github.rocketffm",
              "-Drocketmq.library.path="
                  + Path.of(System.getProperty("rocketmq.library.path")).toAbsolutePath(),
              "--module-path",
              modulePath() + File.pathSeparator + folder.resolve("classes"),
              "--module",
              "shop/shop.Main",
              cluster.nameServers());
      assertThat(code).as("%s", output).isZero();
      assertThat(output)
          .contains(
              "library module io.github.rocketffm",
              "program module shop",
              "version " + RocketMq.version());
      // Of access to native code, say; SLF4J tells by itself that it has no provider.
      assertThat(output).noneMatch(line -> line.startsWith("WARNING"));
      assertThat(cluster.messages("orders")).isEqualTo(1);
    }
  }

  @Test
  void whatIsInternalIsNotToBeHad() throws Exception {
    String nosy =
        """
        package shop;

        public final class Main {
          io.github.rocketffm.internal.client.NativeClientProvider provider;
        }
        """;
    assertThat(compile(nosy)).isNotZero();
    assertThat(String.join("\n", output))
        .contains(
            "package io.github.rocketffm.internal.client is not visible", "does not export it");
  }
}
