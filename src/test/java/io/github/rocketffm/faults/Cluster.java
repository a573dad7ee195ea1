package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.testing.Ports;
import io.github.rocketffm.testing.ServerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Two name servers and brokers, each in a virtual machine of its own and behind a proxy on a loopback address of its
 * own. Brokers reach the name servers past the proxies.
 */
final class Cluster implements AutoCloseable {
  static final String A = "broker-a";
  static final String B = "broker-b";
  static final String C = "broker-c";
  private static final Duration ROUTE_TIMEOUT = Duration.ofSeconds(60);

  private final Path folder;
  private final ClusterSettings settings;
  private final String network;
  private final List<InetSocketAddress> nameServers = new ArrayList<>();
  private final List<ServerProcess> nameServerProcesses = new ArrayList<>();
  private final List<TcpProxy> nameServerProxies = new ArrayList<>();
  private final List<Broker> brokers = new ArrayList<>();
  private final Thread hook = new Thread(this::kill, "faults-cluster-kill");
  private int hosts;

  private Cluster(Path folder, ClusterSettings settings) {
    this.folder = folder;
    this.settings = settings;
    ThreadLocalRandom random = ThreadLocalRandom.current();
    network = "127." + random.nextInt(1, 255) + "." + random.nextInt(1, 255) + ".";
  }

  /** Starts all of it, and waits until it serves. */
  static Cluster start(Path folder, ClusterSettings settings)
      throws IOException, InterruptedException {
    // What a run that was killed stored would be taken for messages of this one.
    delete(folder);
    Files.createDirectories(folder);
    Cluster cluster = new Cluster(folder.toAbsolutePath(), settings);
    Runtime.getRuntime().addShutdownHook(cluster.hook);
    try {
      cluster.startAll();
    } catch (IOException | InterruptedException | RuntimeException e) {
      cluster.close();
      throw e;
    }
    return cluster;
  }

  private void startAll() throws IOException, InterruptedException {
    for (int i = 0; i < 2; i++) {
      InetSocketAddress address = freeAddress();
      nameServers.add(address);
      nameServerProxies.add(new TcpProxy(freeAddress(), address));
      launchNameServer(i);
    }
    for (ServerProcess nameServer : nameServerProcesses) {
      nameServer.awaitBoot(Broker.START_TIMEOUT);
    }
    brokers.add(broker(A, 0, settings.settingsOfA(), settings.prefixOfA(folder)));
    brokers.add(broker(B, 0, List.of(), List.of()));
    if (settings.slave()) {
      brokers.add(broker(A, 1, List.of("brokerRole=SLAVE", "slaveReadEnable=true"), List.of()));
    }
    for (Broker broker : brokers) {
      broker.launch();
    }
    for (Broker broker : brokers) {
      broker.server().awaitBoot(Broker.START_TIMEOUT);
    }
  }

  private Broker broker(String name, int id, List<String> more, List<String> prefix)
      throws IOException {
    InetSocketAddress address = freeAddress();
    InetSocketAddress proxied = new InetSocketAddress(nextHost(), address.getPort());
    int haPort = Ports.free();
    String servers = nameServers.stream().map(Cluster::text).collect(Collectors.joining(";"));
    return new Broker(folder, name, id, address, proxied, haPort, servers, more, prefix);
  }

  private static String text(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }

  private InetAddress nextHost() throws IOException {
    return InetAddress.getByName(network + ++hosts);
  }

  private InetSocketAddress freeAddress() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, nextHost())) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  private void launchNameServer(int number) throws IOException {
    InetSocketAddress address = nameServers.get(number);
    String name = "namesrv-" + number;
    ServerProcess process =
        ServerProcess.nameServer(
            folder,
            name,
            List.of(
                "listenPort=" + address.getPort(),
                "bindAddress=" + address.getAddress().getHostAddress(),
                "kvConfigPath=" + folder.resolve(name + "-kv.json"),
                "configStorePath=" + folder.resolve(name + ".properties")));
    if (number < nameServerProcesses.size()) {
      nameServerProcesses.set(number, process);
    } else {
      nameServerProcesses.add(process);
    }
  }

  /** What clients are given: the proxies. */
  String[] nameServerAddresses() {
    return nameServerProxies.stream().map(TcpProxy::address).toArray(String[]::new);
  }

  void killNameServers() throws InterruptedException {
    for (ServerProcess process : nameServerProcesses) {
      process.kill();
    }
  }

  void startNameServers() throws IOException, InterruptedException {
    for (int i = 0; i < nameServers.size(); i++) {
      launchNameServer(i);
    }
    for (ServerProcess process : nameServerProcesses) {
      process.awaitBoot(Broker.START_TIMEOUT);
    }
  }

  /** Speaks to a name server past its proxy. */
  RemotingAdmin nameServer(int number) throws IOException {
    return new RemotingAdmin(nameServers.get(number));
  }

  Broker a() {
    return brokers.get(0);
  }

  Broker b() {
    return brokers.get(1);
  }

  /** A's slave, where the settings give it one. */
  Broker slave() {
    return brokers.get(2);
  }

  /** Starts a third broker. */
  Broker addBroker() throws IOException, InterruptedException {
    Broker broker = broker(C, 0, List.of(), List.of());
    brokers.add(broker);
    broker.start();
    return broker;
  }

  /** Creates a topic on a broker, and waits until the name servers know it. */
  void createTopic(Broker broker, String topic, int queues)
      throws IOException, InterruptedException {
    try (RemotingAdmin admin = broker.admin()) {
      admin.updateTopic(topic, queues, queues);
    }
    awaitRoute(broker, topic);
  }

  /** Waits until the name servers know a topic on a broker. */
  void awaitRoute(Broker broker, String topic) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + ROUTE_TIMEOUT.toNanos();
    for (int i = 0; i < nameServers.size(); i++) {
      try (RemotingAdmin admin = nameServer(i)) {
        while (!admin.routes(topic, broker.name())) {
          if (System.nanoTime() > deadline) {
            throw new IllegalStateException(
                "no name server knows " + topic + " on " + broker.name());
          }
          Thread.sleep(20);
        }
      }
    }
  }

  /** Creates a topic on both masters. */
  void createTopic(String topic) throws IOException, InterruptedException {
    createTopic(a(), topic, settings.queues());
    createTopic(b(), topic, settings.queues());
  }

  /** The queues of a topic on a broker. */
  Set<MessageQueue> queues(String topic, String broker) {
    return IntStream.range(0, settings.queues())
        .mapToObj(id -> new MessageQueue(topic, broker, id))
        .collect(Collectors.toSet());
  }

  /** All brokers' proxies. */
  List<TcpProxy> proxies() {
    return brokers.stream().map(Broker::proxy).toList();
  }

  private void kill() {
    brokers.forEach(Broker::close);
    nameServerProxies.forEach(TcpProxy::close);
    nameServerProcesses.forEach(ServerProcess::destroy);
  }

  /** Ends all of it; what brokers stored goes, their logs and settings stay. */
  @Override
  public void close() {
    kill();
    try {
      for (Broker broker : brokers) {
        if (broker.server() != null) {
          broker.server().kill();
        }
        delete(broker.store());
      }
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | UncheckedIOException e) {
      System.err.println("what a broker stored was not removed: " + e);
    } catch (IllegalStateException e) {
      // The hook runs already.
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
