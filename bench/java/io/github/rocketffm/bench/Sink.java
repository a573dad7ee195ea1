package io.github.rocketffm.bench;

import com.google.gson.JsonParser;
import java.io.IOException;

/** The server that answers sends at once, so that only the client is measured. Ends with its standard input. */
final class Sink implements AutoCloseable {
  private final Process process;
  private final int port;

  Sink() throws IOException {
    process =
        new ProcessBuilder(Programs.nativeProgram("rocketmq-sink"), "0")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String line = process.inputReader().readLine();
    if (line == null) {
      throw new IOException("the sink did not start");
    }
    port = JsonParser.parseString(line).getAsJsonObject().get("port").getAsInt();
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
