package io.github.rocketffm.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** A private name server and broker, in virtual machines of their own, on free ports, under one folder. */
public final class RocketMqServer implements AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

  private final Path home;
  private final Path folder;
  private final int nameServerPort;
  private final int brokerPort;
  private final Thread hook = new Thread(this::kill, "rocketmq-server-kill");
  private ServerProcess nameServer;
  private ServerProcess broker;

  private RocketMqServer(Path home, Path folder) throws IOException {
    this.home = home;
    this.folder = folder;
    nameServerPort = Ports.free();
    // A broker takes the ports below and above its own too.
    brokerPort = Ports.freeWith(-2, 1);
  }

  /**
   * Starts both, and waits until they serve.
   *
   * @param folder for their files; made anew
   */
  public static RocketMqServer start(Path folder) throws IOException, InterruptedException {
    Path home = ServerProcess.home();
    Files.createDirectories(folder);
    Path fresh = Files.createTempDirectory(folder.toAbsolutePath(), "server-");
    RocketMqServer server = new RocketMqServer(home, fresh);
    Runtime.getRuntime().addShutdownHook(server.hook);
    try {
      server.startNameServer();
      server.startBroker();
    } catch (IOException | InterruptedException | RuntimeException e) {
      server.close();
      throw e;
    }
    return server;
  }

  public String nameServerAddress() {
    return "127.0.0.1:" + nameServerPort;
  }

  public String brokerAddress() {
    return "127.0.0.1:" + brokerPort;
  }

  public int brokerPort() {
    return brokerPort;
  }

  private void startNameServer() throws IOException, InterruptedException {
    nameServer =
        ServerProcess.nameServer(
            folder,
            "namesrv",
            List.of(
                "listenPort=" + nameServerPort,
                "kvConfigPath=" + folder.resolve("kv.json"),
                "configStorePath=" + folder.resolve("namesrv.properties")));
    nameServer.awaitBoot(START_TIMEOUT);
  }

  /** Starts the broker, or starts it again with what it stored. */
  public void startBroker() throws IOException, InterruptedException {
    List<String> settings =
        List.of(
            "brokerClusterName=DefaultCluster",
            "brokerName=broker-a",
            "brokerId=0",
            "brokerIP1=127.0.0.1",
            "listenPort=" + brokerPort,
            "namesrvAddr=" + nameServerAddress(),
            "storePathRootDir=" + folder.resolve("store"),
            "storePathCommitLog=" + folder.resolve("store/commitlog"),
            "autoCreateTopicEnable=true",
            "autoCreateSubscriptionGroup=true",
            "enablePropertyFilter=true",
            "timerWheelEnable=true",
            "recallMessageEnable=true",
            // Transactions are asked about soon, and only those whose end was not noted: ends are
            // noted in batches.
            "transactionCheckInterval=1000",
            "transactionTimeOut=3000",
            "transactionOpBatchInterval=200",
            "mappedFileSizeCommitLog=134217728",
            // A busy machine makes a broker slow, not one that refuses.
            "waitTimeMillsInSendQueue=10000",
            "diskMaxUsedSpaceRatio=99",
            "messageDelayLevel=1s 2s 3s 4s 5s 6s 7s 8s 9s 10s 11s 12s 13s 14s 15s 16s 17s 18s");
    broker = ServerProcess.broker(folder, "broker", settings, List.of());
    broker.awaitBoot(START_TIMEOUT);
    ClusterProbe.awaitServing(nameServerAddress(), START_TIMEOUT);
  }

  /** Completes when the broker that runs now ends, for whatever reason. */
  public CompletableFuture<Process> brokerEnd() {
    return broker.onExit();
  }

  /** What the broker printed. */
  public Path brokerLog() {
    return broker.log();
  }

  /** As kill -9. */
  public void killBroker() throws InterruptedException {
    broker.kill();
  }

  private void kill() {
    for (ServerProcess process : new ServerProcess[] {broker, nameServer}) {
      if (process != null) {
        process.destroy();
      }
    }
  }

  /** Ends both; what the broker stored goes, its log and settings stay. */
  @Override
  public void close() {
    kill();
    try {
      if (broker != null) {
        broker.kill();
      }
      deleteStore();
    } catch (IOException e) {
      System.err.println("what a broker stored was not removed: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The hook runs already.
    }
  }

  private void deleteStore() throws IOException {
    Path store = folder.resolve("store");
    if (!Files.exists(store)) {
      return;
    }
    try (Stream<Path> files = Files.walk(store)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Runs mqadmin, and returns what it printed. */
  public String admin(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-Duser.home=" + folder,
                "-Drocketmq.home.dir=" + home,
                "-Drocketmq.namesrv.addr=" + nameServerAddress(),
                "-cp",
                home.resolve("lib") + "/*",
                "org.apache.rocketmq.tools.command.MQAdminStartup"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("ROCKETMQ_HOME", home.toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return output;
  }
}
