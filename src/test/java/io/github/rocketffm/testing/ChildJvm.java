package io.github.rocketffm.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A virtual machine of its own for a program of the tests. */
public final class ChildJvm implements AutoCloseable {
  private static final int KEPT_LINES = 200;

  private final Process process;
  private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
  private final Thread reader;

  private ChildJvm(Process process) {
    this.process = process;
    reader = Thread.ofVirtual().start(this::read);
  }

  public static ChildJvm start(Class<?> program, List<String> options, String... arguments)
      throws IOException {
    List<String> all = new ArrayList<>(options);
    all.add("--enable-native-access=ALL-UNNAMED");
    return startAs(program, all, arguments);
  }

  /** With these options alone. */
  public static ChildJvm startAs(Class<?> program, List<String> options, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-XX:-CreateCoredumpOnCrash");
    command.add("-XX:ErrorFile=/dev/stderr");
    command.add("-Drocketmq.library.path=" + System.getProperty("rocketmq.library.path"));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(program.getName());
    command.addAll(List.of(arguments));
    return new ChildJvm(new ProcessBuilder(command).redirectErrorStream(true).start());
  }

  private void read() {
    try (var output = process.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (lines.size() < KEPT_LINES) {
          lines.add(line);
        }
      }
    } catch (IOException e) {
      lines.add("the output ended: " + e);
    }
  }

  /** What it has written until now. */
  public String output() {
    synchronized (lines) {
      return String.join("\n", lines);
    }
  }

  /** Ends it as an operator does; what it writes until then is read yet. */
  public void terminate() {
    process.toHandle().destroy();
  }

  /** The exit code; fails where it has not ended in time. */
  public int await(Duration limit) throws InterruptedException {
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("still running after " + limit + ":\n" + output());
    }
    reader.join();
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
