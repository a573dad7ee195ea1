package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.testing.Signals;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A {@link Member} of push consumers in a process of its own, which can be killed and frozen. */
final class MemberProgram implements AutoCloseable {
  private static final List<String> KINDS = List.of("PUSH", "ORDERLY", "SIMPLE", "TRANSACTION");

  private final Process process;
  private final AtomicInteger consumed = new AtomicInteger();

  private MemberProgram(Process process) {
    this.process = process;
  }

  static MemberProgram start(String instance, String[] nameServers, Path folder, Member.Sink sink)
      throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "--enable-native-access=ALL-UNNAMED",
                "-Drocketmq.library.path=" + System.getProperty("rocketmq.library.path"),
                "-Dlogback.configurationFile=testing/warnings-logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                MemberProgram.class.getName(),
                instance,
                String.join(",", nameServers))
            .redirectError(folder.resolve(instance + ".log").toFile())
            .start();
    MemberProgram program = new MemberProgram(process);
    Thread.ofPlatform().daemon().name("read-" + instance).start(() -> program.read(sink));
    return program;
  }

  private void read(Member.Sink sink) {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] fields = line.split(" ");
        if (fields.length == 7 && fields[0].equals("CONSUMED")) {
          MessageQueue queue = new MessageQueue(fields[2], fields[3], Integer.parseInt(fields[4]));
          consumed.incrementAndGet();
          sink.consumed(Kind.valueOf(fields[1]), fields[6], queue, Long.parseLong(fields[5]));
        }
      }
    } catch (IOException e) {
      // It was killed.
    }
  }

  /** How many messages it has consumed so far. */
  int consumed() {
    return consumed.get();
  }

  void freeze() throws IOException, InterruptedException {
    Signals.send(process, "STOP");
  }

  void thaw() throws IOException, InterruptedException {
    Signals.send(process, "CONT");
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Runs until its standard input ends, as it does when the process that started it ends. */
  public static void main(String[] arguments) throws IOException {
    Member.Sink sink =
        (kind, body, queue, offset) -> {
          String place =
              queue.topic() + " " + queue.brokerName() + " " + queue.queueId() + " " + offset;
          String line = "CONSUMED " + kind + " " + place + " " + body + "\n";
          byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
          System.out.write(bytes, 0, bytes.length);
          System.out.flush();
        };
    Member member = new Member(arguments[0], arguments[1].split(","), Member.kinds(KINDS), sink);
    try (member) {
      while (System.in.read() >= 0) {}
    }
  }
}
