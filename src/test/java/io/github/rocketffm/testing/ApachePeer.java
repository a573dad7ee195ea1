package io.github.rocketffm.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Apache's Java client in a virtual machine of its own: see testing/apache-peer/ApachePeer.java. */
public final class ApachePeer implements AutoCloseable {
  private static final long ANSWER_SECONDS = 60;

  /** What Apache's consumer saw of a message. */
  public record Seen(
      String messageId,
      String tags,
      String keys,
      int flag,
      byte[] body,
      Map<String, String> properties) {
    public String bodyAsString() {
      return new String(body, StandardCharsets.UTF_8);
    }

    /** By the clock that this process has too. */
    public long seenAtMillis() {
      return Long.parseLong(properties.get("seen-at-millis"));
    }
  }

  private final Process process;
  private final Path log;
  private final Writer commands;
  private final BlockingQueue<String[]> answers = new LinkedBlockingQueue<>();
  private final ConcurrentLinkedQueue<Seen> seen = new ConcurrentLinkedQueue<>();

  private ApachePeer(Process process, Path log) {
    this.process = process;
    this.log = log;
    commands = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
    Thread.ofPlatform().daemon().name("apache-peer").start(this::read);
  }

  /** Starts it; its log goes to the folder. */
  public static ApachePeer start(Path folder, String nameServers) throws Exception {
    Path home = Path.of(System.getProperty("rocketmq.peer.home", "target/apache-peer"));
    if (!Files.isDirectory(home.resolve("lib"))) {
      throw new IllegalStateException("there are no jars in " + home + "/lib: ./dev fetches them");
    }
    Files.createDirectories(folder);
    Path log = Files.createTempFile(folder, "apache-peer-", ".log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-Duser.home=" + folder.toAbsolutePath(),
                "-cp",
                home.toAbsolutePath().resolve("lib") + "/*",
                "testing/apache-peer/ApachePeer.java",
                nameServers)
            .redirectError(log.toFile())
            .start();
    ApachePeer peer = new ApachePeer(process, log);
    peer.answer("READY");
    return peer;
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] fields = line.split(" ");
        if (fields[0].equals("MESSAGE")) {
          Map<String, String> properties = new LinkedHashMap<>();
          for (int i = 6; i + 1 < fields.length; i += 2) {
            properties.put(decode(fields[i]), decode(fields[i + 1]));
          }
          seen.add(
              new Seen(
                  decode(fields[1]),
                  decode(fields[2]),
                  decode(fields[3]),
                  Integer.parseInt(decode(fields[4])),
                  bytes(fields[5]),
                  properties));
        } else {
          answers.add(fields);
        }
      }
    } catch (IOException e) {
      // The process was killed: whoever waits for an answer says so.
    }
    answers.add(new String[] {"END"});
  }

  private String[] answer(String kind) throws Exception {
    String[] fields = answers.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
    if (fields == null || !fields[0].equals(kind)) {
      throw new IllegalStateException("no " + kind + " from the peer: " + Files.readString(log));
    }
    return fields;
  }

  private String[] ask(String kind, String command, List<String> fields) throws Exception {
    commands.write(command + " " + String.join(" ", fields) + "\n");
    commands.flush();
    return answer(kind);
  }

  /** Sends, and returns the message's id. */
  public String send(
      String topic, String tag, String keys, int flag, byte[] body, Map<String, String> properties)
      throws Exception {
    List<String> fields =
        new ArrayList<>(
            List.of(encode(topic), encode(tag), encode(keys), encode("" + flag), encode(body)));
    properties.forEach(
        (key, value) -> {
          fields.add(encode(key));
          fields.add(encode(value));
        });
    return decode(ask("SENT", "send", fields)[1]);
  }

  /** Sends bodies in one batch, and returns the messages' ids. */
  public List<String> sendBatch(String topic, List<byte[]> bodies) throws Exception {
    List<String> fields = new ArrayList<>(List.of(encode(topic)));
    bodies.forEach(body -> fields.add(encode(body)));
    return List.of(decode(ask("SENT", "batch", fields)[1]).split(","));
  }

  /** Sends to the queue that Apache's hash selector chooses for the key, and returns its number. */
  public int sendByHash(String topic, String key) throws Exception {
    return Integer.parseInt(decode(ask("SENT", "hash", List.of(encode(topic), encode(key)))[1]));
  }

  /** Starts a push consumer, from the first offset. */
  public void consume(String group, String topic) throws Exception {
    ask("STARTED", "consume", List.of(encode(group), encode(topic)));
  }

  /**
   * Sends in a transaction of Apache's client, whose listener says the first state at once and the second one when it
   * is asked (COMMIT_MESSAGE, ROLLBACK_MESSAGE or UNKNOW). The message's id.
   */
  public String sendInTransaction(String topic, byte[] body, String state, String checkedState)
      throws Exception {
    return decode(
        ask(
            "SENT",
            "transaction",
            List.of(encode(topic), encode(body), encode(state), encode(checkedState)))[1]);
  }

  /** Sends a request by Apache's client, and returns the reply's body; null when none came in time. */
  public byte[] request(String topic, byte[] body, int timeoutMillis) throws Exception {
    String[] fields =
        ask("REPLIED", "request", List.of(encode(topic), encode(body), encode("" + timeoutMillis)));
    return fields.length < 2 ? null : bytes(fields[1]);
  }

  /** Starts a consumer that replies to each request with its body and a suffix. */
  public void reply(String group, String topic, String suffix) throws Exception {
    ask("STARTED", "reply", List.of(encode(group), encode(topic), encode(suffix)));
  }

  /** Sends to the queue that the key's hash selects. */
  public String sendOrdered(String topic, String key, String body) throws Exception {
    return decode(
        ask("SENT", "send-ordered", List.of(encode(topic), encode(key), encode(body)))[1]);
  }

  /** Starts an orderly push consumer, from the first offset. */
  public void consumeOrderly(String group, String topic) throws Exception {
    ask("STARTED", "consume-orderly", List.of(encode(group), encode(topic)));
  }

  /** Starts a broadcasting push consumer, from the first offset. */
  public void consumeBroadcast(String group, String topic) throws Exception {
    ask("STARTED", "consume-broadcast", List.of(encode(group), encode(topic)));
  }

  /** Shuts its consumer down. */
  public void stopConsuming() throws Exception {
    ask("STOPPED", "stop-consuming", List.of());
  }

  /** The same with a filter by SQL92. */
  public void consume(String group, String topic, String condition) throws Exception {
    ask("STARTED", "consume-sql", List.of(encode(group), encode(topic), encode(condition)));
  }

  /** Lets the consumer that it starts next allocate by consistent hash. */
  public void allocateByConsistentHash() throws Exception {
    ask("CHOSEN", "consistent-hash", List.of());
  }

  /** What Apache's strategy classes make of the arguments of {@link NativeAllocation#allocate}. */
  public String allocate(
      int kind,
      int virtualNodes,
      String machineRooms,
      String configured,
      String queues,
      String clientIds,
      String self)
      throws Exception {
    List<String> fields =
        List.of(
            encode("" + kind),
            encode("" + virtualNodes),
            encode(machineRooms),
            encode(configured),
            encode(queues),
            encode(clientIds),
            encode(self));
    return decode(ask("ALLOCATED", "allocate", fields)[1]);
  }

  /** How many of the topic's queues its consumer holds. */
  public int queues(String topic) throws Exception {
    return Integer.parseInt(decode(ask("QUEUES", "queues", List.of(encode(topic)))[1]));
  }

  public List<Seen> seen() {
    return List.copyOf(seen);
  }

  private static String encode(String text) {
    return encode(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String encode(byte[] bytes) {
    return bytes.length == 0 ? "-" : Base64.getEncoder().encodeToString(bytes);
  }

  private static String decode(String field) {
    return new String(bytes(field), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String field) {
    return field.equals("-") ? new byte[0] : Base64.getDecoder().decode(field);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
