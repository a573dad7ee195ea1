package io.github.rocketffm.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A running contender, as the driver sees it. */
final class ContenderProcess implements AutoCloseable {
  private static final int ANSWER_SECONDS = 180;

  private final String name;
  private final Process process;
  private final Path log;
  private final BufferedReader answers;
  private final Writer commands;
  private final Thread hook;

  private ContenderProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
    answers = process.inputReader(StandardCharsets.UTF_8);
    commands = process.outputWriter(StandardCharsets.UTF_8);
    hook = new Thread(process::destroyForcibly, "kill-" + name);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  static ContenderProcess start(String name, List<String> program, String nameServer, Path folder)
      throws IOException {
    List<String> command = new ArrayList<>(program);
    command.add(nameServer);
    Path log = folder.resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    ContenderProcess contender = new ContenderProcess(name, builder.start(), log);
    contender.answer("its start");
    return contender;
  }

  String name() {
    return name;
  }

  /** Sends a command, and returns its answer; fails when the contender could not do it. */
  JsonObject ask(String command) throws IOException {
    commands.write(command + "\n");
    commands.flush();
    return answer(command);
  }

  private JsonObject answer(String command) throws IOException {
    // A contender that hangs must not hang the benchmark.
    Thread watch =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    TimeUnit.SECONDS.sleep(ANSWER_SECONDS);
                    process.destroyForcibly();
                  } catch (InterruptedException e) {
                    // It has answered.
                  }
                });
    String line = answers.readLine();
    watch.interrupt();
    if (line == null) {
      throw new IOException(
          name
              + " ended, or was ended after "
              + ANSWER_SECONDS
              + " s, without an answer to \""
              + command
              + "\":\n"
              + end(Files.readString(log)));
    }
    JsonObject answer = JsonParser.parseString(line).getAsJsonObject();
    if (answer.has("error")) {
      throw new IOException(
          name + " could not do \"" + command + "\": " + answer.get("error").getAsString());
    }
    return answer;
  }

  private static String end(String text) {
    int most = 2000;
    return text.length() <= most ? text : "…" + text.substring(text.length() - most);
  }

  /** User and system time so far, in seconds, as the system counts it. */
  double cpuSeconds() {
    return process
            .info()
            .totalCpuDuration()
            .orElseThrow(() -> new IllegalStateException("the CPU time of " + name + " is unknown"))
            .toNanos()
        / 1e9;
  }

  @Override
  public void close() {
    process.destroyForcibly();
    Runtime.getRuntime().removeShutdownHook(hook);
  }
}
