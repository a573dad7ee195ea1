package io.github.rocketffm.testing;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A process that begins a transaction, and is killed before it ends it. */
public final class TransactionProgram {
  private TransactionProgram() {}

  /** Begins a transaction in a process of its own, kills it, and returns the message's id. */
  public static String beginAndDie(String nameServers, String group, String topic, String body)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "--enable-native-access=ALL-UNNAMED",
                "-Drocketmq.library.path=" + System.getProperty("rocketmq.library.path"),
                "-cp",
                System.getProperty("java.class.path"),
                TransactionProgram.class.getName(),
                nameServers,
                group,
                topic,
                body)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("BEGUN ")) {
          return line.substring("BEGUN ".length());
        }
      }
      throw new IllegalStateException("the program began no transaction");
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  public static void main(String[] arguments) throws Exception {
    try (Producer producer =
            Producer.builder(arguments[1])
                .nameServers(arguments[0])
                .transactionChecker(message -> TransactionState.UNKNOWN)
                .start();
        Transaction transaction =
            producer.begin(Message.builder(arguments[2]).body(arguments[3]).build())) {
      System.out.println("BEGUN " + transaction.messageId());
      System.out.flush();
      new CountDownLatch(1).await();
    }
  }
}
