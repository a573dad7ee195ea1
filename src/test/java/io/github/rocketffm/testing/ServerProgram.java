package io.github.rocketffm.testing;

import java.nio.file.Path;

/** A private name server and broker for programs that are no tests: until the end of standard input. */
public final class ServerProgram {
  private ServerProgram() {}

  /** The folder for its files; prints the name server's address. */
  public static void main(String[] arguments) throws Exception {
    try (RocketMqServer server = RocketMqServer.start(Path.of(arguments[0]))) {
      System.out.println(server.nameServerAddress());
      while (System.in.read() >= 0) {
        // Nobody says anything.
      }
    }
  }
}
