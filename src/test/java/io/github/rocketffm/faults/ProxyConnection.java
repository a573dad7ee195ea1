package io.github.rocketffm.faults;

import java.io.IOException;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A connection through a {@link TcpProxy}: a thread that reads and one that writes, each way. */
final class ProxyConnection {
  private static final int PIECE = 64 * 1024;
  // About what the buffers of a real link hold: a slow one holds its sender up.
  private static final int HELD_PIECES = 16;
  private static final byte[] END = new byte[0];

  /** Bytes that arrived, and when they are due. */
  private record Piece(byte[] bytes, long dueNanos) {}

  /** What one way has read and not yet written. */
  private static final class Direction {
    private final BlockingQueue<Piece> held = new LinkedBlockingQueue<>(HELD_PIECES);
    private volatile boolean ended;

    /** Waits for room, as long as somebody writes. */
    void put(Piece piece) throws InterruptedException {
      while (!ended && !held.offer(piece, 100, TimeUnit.MILLISECONDS)) {}
    }

    Piece take() throws InterruptedException {
      for (; ; ) {
        Piece piece = held.poll(100, TimeUnit.MILLISECONDS);
        if (piece != null || ended) {
          return ended ? new Piece(END, 0) : piece;
        }
      }
    }

    void end() {
      ended = true;
    }
  }

  private final TcpProxy proxy;
  private final Socket client;
  private final Socket server;
  private final AtomicInteger ends = new AtomicInteger();

  ProxyConnection(TcpProxy proxy, Socket client, Socket server) throws IOException {
    this.proxy = proxy;
    this.client = client;
    this.server = server;
    client.setTcpNoDelay(true);
    server.setTcpNoDelay(true);
  }

  void start() {
    direction("request", client, server, false);
    direction("response", server, client, true);
  }

  private void direction(String name, Socket from, Socket to, boolean responses) {
    Direction way = new Direction();
    Thread.ofPlatform().daemon().name("proxy-read-" + name).start(() -> read(from, way));
    Thread.ofPlatform().daemon().name("proxy-write-" + name).start(() -> write(to, way, responses));
  }

  private void read(Socket from, Direction way) {
    byte[] buffer = new byte[PIECE];
    try {
      for (; ; ) {
        proxy.awaitPassage();
        int count = from.getInputStream().read(buffer);
        long due = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(proxy.fault().delayMillis());
        way.put(new Piece(count < 0 ? END : Arrays.copyOf(buffer, count), due));
        if (count < 0) {
          return;
        }
      }
    } catch (IOException e) {
      // Reset by its side, or by the proxy: so is the other one.
      reset();
      way.end();
    } catch (InterruptedException e) {
      reset();
    }
  }

  private void write(Socket to, Direction way, boolean responses) {
    boolean muted = false;
    try {
      for (Piece piece = way.take(); piece.bytes() != END; piece = way.take()) {
        TimeUnit.NANOSECONDS.sleep(piece.dueNanos() - System.nanoTime());
        proxy.awaitPassage();
        if (!muted) {
          muted = pass(to, piece.bytes(), responses);
        }
      }
      to.shutdownOutput();
    } catch (IOException e) {
      reset();
    } catch (InterruptedException e) {
      reset();
    } finally {
      way.end();
      if (ends.incrementAndGet() == 2) {
        close();
      }
    }
  }

  /** Passes a piece on, harmed as the fault says; whether nothing is to follow it. */
  private boolean pass(Socket to, byte[] bytes, boolean responses)
      throws IOException, InterruptedException {
    LinkFault fault = proxy.fault();
    ThreadLocalRandom random = ThreadLocalRandom.current();
    if (random.nextDouble() < fault.resets()) {
      to.getOutputStream().write(bytes, 0, bytes.length / 2);
      reset();
      throw new IOException("reset by the proxy");
    }
    if (random.nextDouble() < fault.halfCloses()) {
      to.getOutputStream().write(bytes, 0, bytes.length / 2);
      to.shutdownOutput();
      return true;
    }
    if (responses && random.nextDouble() < fault.flips()) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    if (fault.bytesPerSecond() == 0) {
      to.getOutputStream().write(bytes);
    } else {
      throttled(to, bytes, fault.bytesPerSecond());
    }
    return false;
  }

  private static void throttled(Socket to, byte[] bytes, int bytesPerSecond)
      throws IOException, InterruptedException {
    int step = Math.max(1, bytesPerSecond / 20);
    for (int at = 0; at < bytes.length; at += step) {
      int count = Math.min(step, bytes.length - at);
      to.getOutputStream().write(bytes, at, count);
      TimeUnit.NANOSECONDS.sleep(TimeUnit.SECONDS.toNanos(count) / bytesPerSecond);
    }
  }

  /** Ends both sides with a reset. */
  void reset() {
    reset(client);
    reset(server);
    proxy.ended(this);
  }

  static void reset(Socket socket) {
    try {
      if (!socket.isClosed()) {
        socket.setSoLinger(true, 0);
        socket.close();
      }
    } catch (IOException e) {
      // Closed meanwhile.
    }
  }

  private void close() {
    try {
      client.close();
      server.close();
    } catch (IOException e) {
      // As good as closed.
    }
    proxy.ended(this);
  }
}
