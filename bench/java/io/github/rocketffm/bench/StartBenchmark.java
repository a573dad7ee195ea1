package io.github.rocketffm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** From the start of a Java virtual machine to the first acknowledgement, as it comes and with archives, in turns. */
final class StartBenchmark {
  private static final Path FOLDER = Path.of("target/bench/start");
  private static final int ROUNDS = 15;
  private static final int FIRST_JAVA_WITH_AOT_CACHE = 25;

  private final String address;
  private final Map<String, List<String>> ways = new LinkedHashMap<>();

  private StartBenchmark(String address) {
    this.address = address;
  }

  static boolean isMeant(String[] arguments) {
    return arguments.length > 0 && arguments[0].equals("--start");
  }

  static int run() throws IOException, InterruptedException {
    Files.createDirectories(FOLDER);
    try (Sink sink = new Sink()) {
      StartBenchmark benchmark = new StartBenchmark(sink.address());
      benchmark.prepare();
      benchmark.measure();
    }
    return 0;
  }

  private void prepare() throws IOException, InterruptedException {
    Path archive = FOLDER.resolve("start.jsa");
    seconds(Programs.firstAcknowledgement("-XX:ArchiveClassesAtExit=" + archive));
    ways.put("plain", Programs.firstAcknowledgement());
    ways.put("CDS archive", Programs.firstAcknowledgement("-XX:SharedArchiveFile=" + archive));
    if (Runtime.version().feature() >= FIRST_JAVA_WITH_AOT_CACHE) {
      Path cache = FOLDER.resolve("start.aot");
      seconds(Programs.firstAcknowledgement("-XX:AOTCacheOutput=" + cache));
      ways.put("AOT cache", Programs.firstAcknowledgement("-XX:AOTCache=" + cache));
    }
    ways.put("Apache's client, plain", Programs.apacheFirstAcknowledgement());
  }

  private void measure() throws IOException, InterruptedException {
    Map<String, double[]> seconds = new LinkedHashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      for (Map.Entry<String, List<String>> way : ways.entrySet()) {
        seconds.computeIfAbsent(way.getKey(), any -> new double[ROUNDS])[round] =
            seconds(way.getValue());
      }
    }
    System.out.printf(
        "Start of Java to the first acknowledgement, ms, of %d runs in turns%n", ROUNDS);
    seconds.forEach(
        (way, each) -> {
          Arrays.sort(each);
          System.out.printf(
              "%-24s median %4.0f, %4.0f to %4.0f%n",
              way, 1e3 * each[ROUNDS / 2], 1e3 * each[0], 1e3 * each[ROUNDS - 1]);
        });
  }

  /** Until it says that it has the acknowledgement. */
  private double seconds(List<String> program) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of(address, "orders"));
    Path log = FOLDER.resolve("log");
    long begin = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.to(log.toFile())).start();
    String line;
    do {
      line = process.inputReader().readLine();
    } while (line != null && !line.equals("acknowledged"));
    double seconds = (System.nanoTime() - begin) / 1e9;
    if (process.waitFor() != 0 || line == null) {
      throw new IOException(command + " failed: " + Files.readString(log));
    }
    return seconds;
  }
}
