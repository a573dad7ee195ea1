package io.github.rocketffm.testing;

import java.io.IOException;
import java.nio.file.Path;

/** The one broker of all tests of a run that do not stop it; it ends with the virtual machine. */
public final class SharedServer {
  private static RocketMqServer server;

  private SharedServer() {}

  public static synchronized RocketMqServer get() throws IOException, InterruptedException {
    if (server == null) {
      server = RocketMqServer.start(Path.of("target/broker-test"));
      Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shared-server-close"));
    }
    return server;
  }
}
