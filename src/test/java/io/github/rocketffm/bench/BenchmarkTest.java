package io.github.rocketffm.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What goes wrong ends a run of the benchmark with an error, and leaves nothing running. */
@Tag("broker")
class BenchmarkTest {
  private Process benchmark;

  @AfterEach
  void stop() {
    if (benchmark != null) {
      benchmark.descendants().forEach(ProcessHandle::destroyForcibly);
      benchmark.destroyForcibly();
    }
  }

  private void start(String contenderClassPath, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Drocketmq.library.path=" + System.getProperty("rocketmq.library.path"),
                "-Drocketmq.server.home=" + System.getProperty("rocketmq.server.home"),
                "-Dbench.native=" + System.getProperty("rocketmq.library.path"),
                "-Dbench.java.classpath=" + contenderClassPath,
                "-cp",
                System.getProperty("java.class.path"),
                "io.github.rocketffm.bench.Benchmark"));
    command.addAll(List.of(arguments));
    benchmark = new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private void assertThatItEnds(int status) throws InterruptedException {
    assertThat(benchmark.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(benchmark.exitValue()).isEqualTo(status);
  }

  @Test
  void aBrokerThatDiesInMidRunEndsTheRun() throws Exception {
    start(System.getProperty("java.class.path"), "--quick", "--contenders=java");
    BufferedReader output = benchmark.inputReader();
    String line = output.readLine();
    while (line != null && !line.startsWith("publish 1/")) {
      line = output.readLine();
    }
    assertThat(line).as("the publishing begins").isNotNull();
    List<ProcessHandle> processes = benchmark.descendants().toList();
    // The name server, the broker and the contender.
    assertThat(processes).hasSize(3);
    List<ProcessHandle> brokers =
        processes.stream()
            .filter(process -> commandLine(process).contains("BrokerStartup"))
            .toList();
    assertThat(brokers).hasSize(1);
    brokers.getFirst().destroyForcibly();

    String rest = output.lines().collect(Collectors.joining("\n"));
    assertThat(rest).contains("The benchmark was not finished: the broker ended during the run");
    assertThatItEnds(1);
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> processes.stream().noneMatch(ProcessHandle::isAlive));
  }

  private static String commandLine(ProcessHandle process) {
    return String.join(" ", process.info().arguments().orElse(new String[0]));
  }

  @Test
  void aContenderThatIsNotThereEndsTheRun() throws Exception {
    start("there/is/no/such/folder", "--quick", "--contenders=java");
    String output = benchmark.inputReader().lines().collect(Collectors.joining("\n"));
    assertThat(output)
        .contains("The benchmark was not finished: java ended")
        .contains("FfmContender");
    assertThatItEnds(1);
    assertThat(benchmark.descendants()).isEmpty();
  }

  @Test
  void aWrongOptionEndsTheRunBeforeItBegins() throws Exception {
    start("", "--fast");
    String output = benchmark.inputReader().lines().collect(Collectors.joining("\n"));
    assertThat(output).startsWith("there is no option --fast").contains("./dev bench [--quick]");
    assertThatItEnds(2);
  }
}
