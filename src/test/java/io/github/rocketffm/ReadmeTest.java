package io.github.rocketffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.testing.MockCluster;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The programs that the documents show, besides those of the guide: they compile, and do what they say. */
@Tag("mock")
class ReadmeTest {
  private static final Path README = Path.of("README.md");
  private static final Path RUNNING = Path.of("docs/running.md");
  private static final Pattern PROGRAM = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern COMMANDS = Pattern.compile("```sh\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern NAME =
      Pattern.compile("^(?:public final |public )?class (\\w+)", Pattern.MULTILINE);
  private static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path folder;
  private final List<Path> links = new ArrayList<>();

  /** Before the folder is, which would warn of them. */
  @AfterEach
  void removeLinks() throws IOException {
    for (Path link : links) {
      Files.delete(link);
    }
  }

  /** By the commands that stand below it, in a folder that looks as the quick start leaves it. */
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the commands are for bash")
  void theFirstProgramRunsAsTheReadmeSays() throws Exception {
    Map<String, String> programs = programs(README);
    assertThat(programs).containsOnlyKeys("First");
    Files.writeString(folder.resolve("First.java"), programs.get("First"));
    link("testing", Path.of("testing"));
    link("scripts", Path.of("scripts"));
    link("target/classes", Path.of("target/classes"));
    link("native-build/build/release", Path.of(System.getProperty("rocketmq.library.path")));
    Files.writeString(
        folder.resolve("target/test-classpath.txt"), System.getProperty("java.class.path"));
    try (var cluster = new MockCluster()) {
      Matcher commands = COMMANDS.matcher(section(README, "## A first program"));
      assertThat(commands.find()).isTrue();
      String script = commands.group(1).replace("127.0.0.1:9876", cluster.nameServers());
      assertThat(script).contains("javac ", "First " + cluster.nameServers());
      Process process = start(List.of("bash", "-e", "-c", script));
      assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      List<String> lines = output().lines().toList();
      assertThat(process.exitValue()).as("%s", lines).isZero();
      assertThat(lines).hasSize(4);
      assertThat(lines.getFirst())
          .matches("stored as [0-9A-F]{32} in MessageQueue\\[topic=orders, .*]");
      assertThat(lines.subList(1, 3)).containsExactlyInAnyOrder("received hello", "received later");
      assertThat(lines.getLast()).isEqualTo("both came");
      assertThat(cluster.messages("orders")).isEqualTo(2);
    }
  }

  @Test
  void theProgramsOfTheOtherDocumentAreAllRunHere() throws Exception {
    assertThat(programs(RUNNING)).containsOnlyKeys("OrdersTest", "RocketMqConfiguration", "Worker");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no signal that asks a process to end")
  void theWorkerStaysUpUntilItIsToldToEnd() throws Exception {
    compile(RUNNING, "Worker");
    try (var cluster = new MockCluster()) {
      cluster.createTopic("orders", 4);
      cluster.put("orders", 0, "hello");
      Process worker =
          start(
              List.of(
                  JAVA_HOME.resolve("bin/java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-Drocketmq.library.path="
                      + Path.of(System.getProperty("rocketmq.library.path")).toAbsolutePath(),
                  "-Dlogback.configurationFile="
                      + Path.of("testing/warnings-logback.xml").toAbsolutePath(),
                  "-cp",
                  folder + File.pathSeparator + System.getProperty("java.class.path"),
                  "Worker",
                  cluster.nameServers()));
      try {
        await().atMost(PATIENCE).until(() -> output().contains("hello") || !worker.isAlive());
        assertThat(worker.isAlive()).as("%s", output()).isTrue();
        worker.destroy();
        assertThat(worker.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(output()).isEqualTo("hello\n");
        assertThat(cluster.committedOffset("billing", "orders", 0)).isEqualTo(1);
      } finally {
        worker.destroyForcibly();
      }
    }
  }

  @Test
  void theBeansOfSpringSendAndReceive() throws Exception {
    compile(RUNNING, "RocketMqConfiguration");
    try (var cluster = new MockCluster();
        var loader = loader()) {
      cluster.createTopic("orders", 4);
      Class<?> configuration = loader.loadClass("RocketMqConfiguration");
      Constructor<?> constructor = configuration.getDeclaredConstructor(String.class);
      constructor.setAccessible(true);
      Object beans = constructor.newInstance(cluster.nameServers());
      try (var producer = (Producer) call(beans, "producer");
          var billing = (PushConsumer) call(beans, "billing")) {
        producer.send(Message.builder("orders").tag("created").body("1").build());
        producer.send(Message.builder("orders").tag("paid").body("2").build());
        await().atMost(PATIENCE).until(() -> billing.statistics().messagesConsumed() > 0);
        assertThat(billing.statistics().messagesConsumed()).isEqualTo(1);
      }
    }
  }

  @Test
  void theTestsWithoutABrokerPass() throws Exception {
    compile(RUNNING, "OrdersTest");
    try (var loader = loader()) {
      loader.setDefaultAssertionStatus(true);
      Class<?> test = loader.loadClass("OrdersTest");
      Constructor<?> constructor = test.getDeclaredConstructor();
      constructor.setAccessible(true);
      List<String> passed = new ArrayList<>();
      for (Method method : test.getDeclaredMethods()) {
        if (method.getParameterCount() == 0 && !method.isSynthetic()) {
          call(constructor.newInstance(), method.getName());
          passed.add(method.getName());
        }
      }
      assertThat(passed)
          .containsExactlyInAnyOrder(
              "aPaidOrderIsConsumed", "anOrderIsSent", "aTimeoutMayHaveStoredIt");
    }
  }

  /** By the name of the last class in each. */
  private static Map<String, String> programs(Path document) throws IOException {
    Map<String, String> programs = new TreeMap<>();
    Matcher program = PROGRAM.matcher(Files.readString(document));
    while (program.find()) {
      List<String> names = NAME.matcher(program.group(1)).results().map(r -> r.group(1)).toList();
      assertThat(names).as(program.group(1)).isNotEmpty();
      programs.put(names.getLast(), program.group(1));
    }
    return programs;
  }

  private static String section(Path document, String heading) throws IOException {
    String text = Files.readString(document);
    int begin = text.indexOf(heading + "\n");
    assertThat(begin).isNotNegative();
    int end = text.indexOf("\n## ", begin + heading.length());
    return text.substring(begin, end < 0 ? text.length() : end);
  }

  private void link(String name, Path target) throws IOException {
    Path link = folder.resolve(name);
    Files.createDirectories(link.getParent());
    links.add(Files.createSymbolicLink(link, target.toAbsolutePath()));
  }

  private void compile(Path document, String name) throws Exception {
    Path source = Files.writeString(folder.resolve(name + ".java"), programs(document).get(name));
    Process process =
        new ProcessBuilder(
                JAVA_HOME.resolve("bin/javac").toString(),
                "-Xlint:all,-try",
                "-Werror",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.toString(),
                source.toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
    assertThat(folder.resolve(name + ".class")).exists();
  }

  /** In the folder, with its output in a file there. */
  private Process start(List<String> command) throws IOException {
    var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", JAVA_HOME.toString());
    return builder.redirectOutput(folder.resolve("output").toFile()).start();
  }

  private String output() throws IOException {
    return Files.readString(folder.resolve("output"));
  }

  private URLClassLoader loader() throws IOException {
    return new URLClassLoader(
        new URL[] {folder.toUri().toURL()}, ReadmeTest.class.getClassLoader());
  }

  private static Object call(Object target, String name) throws Exception {
    Method method = target.getClass().getDeclaredMethod(name);
    method.setAccessible(true);
    return method.invoke(target);
  }
}
