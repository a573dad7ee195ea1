package io.github.rocketffm.faults;

import io.github.rocketffm.testing.ServerProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A broker that announces the address of a proxy, and listens on another one. */
final class Broker {
  static final Duration START_TIMEOUT = Duration.ofSeconds(90);

  private final Path folder;
  private final String name;
  private final String process;
  private final InetSocketAddress address;
  private final List<String> settings;
  private final List<String> prefix;
  private final TcpProxy proxy;

  /** Of the port by which a slave asks its master for topics, groups and offsets. */
  private final TcpProxy slavesProxy;

  private ServerProcess server;

  /**
   * Starts nothing yet.
   *
   * @param id 0 for a master
   * @param proxied where the proxy listens; the same port as the broker's, since a broker announces but one
   * @param nameServers their own addresses, without proxies
   */
  Broker(
      Path folder,
      String name,
      int id,
      InetSocketAddress address,
      InetSocketAddress proxied,
      int haPort,
      String nameServers,
      List<String> more,
      List<String> prefix)
      throws IOException {
    this.folder = folder;
    this.name = name;
    this.address = address;
    this.prefix = prefix;
    process = name + "-" + id;
    Path store = folder.resolve(process);
    Files.createDirectories(store);
    settings =
        new ArrayList<>(
            List.of(
                "brokerClusterName=DefaultCluster",
                "brokerName=" + name,
                "brokerId=" + id,
                "brokerIP1=" + proxied.getAddress().getHostAddress(),
                "brokerIP2=" + address.getAddress().getHostAddress(),
                "bindAddress=" + address.getAddress().getHostAddress(),
                "listenPort=" + address.getPort(),
                "haListenPort=" + haPort,
                "namesrvAddr=" + nameServers,
                "storePathRootDir=" + store,
                "storePathCommitLog=" + store.resolve("commitlog"),
                "autoCreateTopicEnable=false",
                "autoCreateSubscriptionGroup=true",
                "transactionCheckInterval=1000",
                "transactionTimeOut=3000",
                "transactionOpBatchInterval=200",
                // While a producer cannot be asked, its transactions stay.
                "transactionCheckMax=1000",
                "mappedFileSizeCommitLog=134217728",
                // A busy machine makes a broker slow, not one that refuses.
                "waitTimeMillsInSendQueue=10000",
                "diskMaxUsedSpaceRatio=99"));
    settings.addAll(more);
    proxy = new TcpProxy(proxied, address);
    slavesProxy = new TcpProxy(slavesPort(proxied), slavesPort(address));
  }

  private static InetSocketAddress slavesPort(InetSocketAddress address) {
    return new InetSocketAddress(address.getAddress(), address.getPort() - 2);
  }

  String name() {
    return name;
  }

  TcpProxy proxy() {
    return proxy;
  }

  ServerProcess server() {
    return server;
  }

  /** Where it keeps what it stores. */
  Path store() {
    return folder.resolve(process);
  }

  /** Begins to start it, or to start it again with what it stored. */
  void launch() throws IOException {
    server = ServerProcess.broker(folder, process, settings, prefix);
  }

  void start() throws IOException, InterruptedException {
    launch();
    server.awaitBoot(START_TIMEOUT);
  }

  /** Speaks to it past its proxy. */
  RemotingAdmin admin() throws IOException {
    return new RemotingAdmin(address);
  }

  void close() {
    proxy.close();
    slavesProxy.close();
    if (server != null) {
      server.destroy();
    }
  }
}
