package io.github.rocketffm.testing;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for servers that are killed and started again on the same one: below those that a system gives to connections
 * (32,768 and up on Linux, 49,152 and up on Windows), one of which could take the port meanwhile.
 */
public final class Ports {
  private static final int FIRST = 10_000;
  private static final int END = 32_000;

  private Ports() {}

  /** One that is free. */
  public static int free() {
    return freeWith();
  }

  /** One that is free together with those at these distances. */
  public static int freeWith(int... distances) {
    for (; ; ) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, END);
      boolean free = isFree(port);
      for (int distance : distances) {
        free = free && isFree(port + distance);
      }
      if (free) {
        return port;
      }
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port)) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
