package io.github.rocketffm.faults;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Passes connections on to a server, and harms them as it is told. */
final class TcpProxy implements AutoCloseable {
  private final InetSocketAddress address;
  private final InetSocketAddress target;
  private final Set<ProxyConnection> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final Object gate = new Object();
  private volatile LinkFault fault = LinkFault.NONE;
  private volatile boolean closed;
  private ServerSocket listener;
  private Thread acceptor;

  /** While it refuses. */
  private Socket placeholder = new Socket();

  TcpProxy(InetSocketAddress address, InetSocketAddress target) throws IOException {
    this.address = address;
    this.target = target;
    listen();
  }

  String address() {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }

  /** How many connections it has accepted so far. */
  int accepted() {
    return accepted.get();
  }

  private synchronized void listen() throws IOException {
    ServerSocket socket = new ServerSocket();
    socket.setReuseAddress(true);
    socket.bind(address);
    listener = socket;
    acceptor = Thread.ofPlatform().daemon().name("proxy-" + address()).start(() -> accept(socket));
  }

  private void accept(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        awaitPassage();
        Socket client = socket.accept();
        awaitPassage();
        accepted.incrementAndGet();
        Thread.ofPlatform().daemon().name("proxy-connect").start(() -> connect(client));
      } catch (IOException e) {
        // Closed: the loop's condition says so.
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void connect(Socket client) {
    try {
      Socket server = new Socket();
      server.connect(target);
      ProxyConnection connection = new ProxyConnection(this, client, server);
      connections.add(connection);
      connection.start();
    } catch (IOException e) {
      // The server is down: so is what passes for it.
      ProxyConnection.reset(client);
    }
  }

  LinkFault fault() {
    return fault;
  }

  /** Waits while nothing may pass. */
  void awaitPassage() throws InterruptedException {
    synchronized (gate) {
      while (fault.silent() && !closed) {
        gate.wait();
      }
    }
  }

  void apply(LinkFault next) {
    synchronized (gate) {
      fault = next;
      gate.notifyAll();
    }
  }

  /** Resets all connections. */
  void reset() {
    connections.forEach(ProxyConnection::reset);
  }

  /** Refuses connections, and resets those that are open, until {@link #accept}. */
  synchronized void refuse() throws IOException {
    listener.close();
    try {
      // Until its thread has left, the system goes on to accept connections.
      acceptor.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // Does not listen, but keeps the port: others could get it otherwise, and take what comes.
    placeholder = new Socket();
    placeholder.setReuseAddress(true);
    placeholder.bind(address);
    reset();
  }

  synchronized void accept() throws IOException {
    placeholder.close();
    listen();
  }

  void ended(ProxyConnection connection) {
    connections.remove(connection);
  }

  @Override
  public synchronized void close() {
    closed = true;
    apply(LinkFault.NONE);
    try {
      listener.close();
      placeholder.close();
    } catch (IOException e) {
      System.err.println("a proxy's socket was not closed: " + e);
    }
    reset();
  }
}
