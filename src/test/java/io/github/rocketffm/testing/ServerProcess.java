package io.github.rocketffm.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A name server or broker of RocketMQ in a virtual machine of its own, with its settings and log in one folder. */
public final class ServerProcess {
  private static final String NAME_SERVER = "org.apache.rocketmq.namesrv.NamesrvStartup";
  private static final String BROKER = "org.apache.rocketmq.broker.BrokerStartup";

  private final Path folder;
  private final String name;
  private final Process process;

  private ServerProcess(Path folder, String name, Process process) {
    this.folder = folder;
    this.name = name;
    this.process = process;
  }

  /** The folder with the servers' jars. */
  public static Path home() {
    Path home =
        Path.of(System.getProperty("rocketmq.server.home", "target/rocketmq-server"))
            .toAbsolutePath();
    if (!Files.isDirectory(home.resolve("lib"))) {
      throw new IllegalStateException(
          "there are no RocketMQ jars in " + home + "/lib: ./dev fetches them");
    }
    return home;
  }

  /** The servers' version, as their jars' names have it. */
  public static String version() throws IOException {
    try (Stream<Path> jars = Files.list(home().resolve("lib"))) {
      return jars.map(jar -> jar.getFileName().toString())
          .filter(name -> name.startsWith("rocketmq-broker-"))
          .map(name -> name.replaceAll("rocketmq-broker-|[.]jar", ""))
          .findFirst()
          .orElse("of unknown version");
    }
  }

  /** Starts a name server; it does not serve yet. */
  public static ServerProcess nameServer(Path folder, String name, List<String> settings)
      throws IOException {
    return start(folder, name, settings, NAME_SERVER, List.of(), "-Xmx256m");
  }

  /**
   * Starts a broker; it does not serve yet.
   *
   * @param prefix what runs the virtual machine: a command that replaces itself by its arguments; may be empty
   */
  public static ServerProcess broker(
      Path folder, String name, List<String> settings, List<String> prefix) throws IOException {
    return start(folder, name, settings, BROKER, prefix, "-Xmx1g");
  }

  private static ServerProcess start(
      Path folder,
      String name,
      List<String> settings,
      String mainClass,
      List<String> prefix,
      String heap)
      throws IOException {
    Path home = home();
    Path config = folder.resolve(name + ".conf");
    Files.writeString(config, String.join("\n", settings) + "\n");
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(heap);
    for (String open : List.of("java.nio", "sun.nio.ch", "java.lang")) {
      command.add("--add-opens=java.base/" + open + "=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
            "-Duser.home=" + folder,
            "-Drocketmq.home.dir=" + home,
            "-cp",
            home.resolve("lib") + "/*",
            mainClass,
            "-c",
            config.toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("ROCKETMQ_HOME", home.toString());
    builder.directory(folder.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.to(log(folder, name).toFile()));
    return new ServerProcess(folder, name, builder.start());
  }

  private static Path log(Path folder, String name) {
    return folder.resolve(name + ".log");
  }

  /** What it printed. */
  public Path log() {
    return log(folder, name);
  }

  /** Waits until it says that it is up. */
  public void awaitBoot(Duration limit) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!Files.readString(log()).contains("boot success")) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "the " + name + " did not start:\n" + Files.readString(log()));
      }
      process.waitFor(50, TimeUnit.MILLISECONDS);
    }
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  public long pid() {
    return process.pid();
  }

  public CompletableFuture<Process> onExit() {
    return process.onExit();
  }

  /** As kill -9, without waiting for its end. */
  public void destroy() {
    process.destroyForcibly();
  }

  /** As kill -9. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** As kill -STOP. */
  public void freeze() throws IOException, InterruptedException {
    Signals.send(process, "STOP");
  }

  /** As kill -CONT. */
  public void thaw() throws IOException, InterruptedException {
    Signals.send(process, "CONT");
  }

  /** As kill -TERM, which lets it shut down in order. */
  public void terminate() throws IOException, InterruptedException {
    Signals.send(process, "TERM");
  }
}
