package io.github.rocketffm.faults;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.rocketffm.MessageQueue;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Speaks RocketMQ's protocol to one server, past the proxies and the client under test: what mqadmin does, without its
 * two seconds of start. One thread at a time.
 */
final class RemotingAdmin implements AutoCloseable {
  private static final int SEND_MESSAGE = 10;
  private static final int QUERY_CONSUMER_OFFSET = 14;
  private static final int UPDATE_TOPIC = 17;
  private static final int UPDATE_BROKER_CONFIG = 25;
  private static final int GET_MAX_OFFSET = 30;
  private static final int LOCK_QUEUES = 41;
  private static final int UNLOCK_QUEUES = 42;
  private static final int GET_ROUTE = 105;
  private static final int GET_TOPIC_CONFIG = 351;
  private static final int WIPE_WRITE_PERMISSION = 205;
  private static final int ADD_WRITE_PERMISSION = 327;
  private static final int READ_AND_WRITE = 6;
  private static final int TIMEOUT_MILLIS = 10_000;
  private static final Gson GSON = new Gson();

  /** What a server answered. */
  private record Response(int code, String remark, Map<String, JsonElement> fields, String body) {
    Response orThrow() {
      if (code != 0) {
        throw new IllegalStateException("the server answered " + code + ": " + remark);
      }
      return this;
    }
  }

  private final Socket socket = new Socket();
  private final DataInputStream in;
  private final DataOutputStream out;
  private int opaque;

  RemotingAdmin(InetSocketAddress server) throws IOException {
    try {
      socket.connect(server, TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.setTcpNoDelay(true);
      in = new DataInputStream(socket.getInputStream());
      out = new DataOutputStream(socket.getOutputStream());
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private Response call(int code, Map<String, ?> fields, String body) throws IOException {
    JsonObject header = new JsonObject();
    header.addProperty("code", code);
    header.addProperty("language", "JAVA");
    header.addProperty("version", 477);
    header.addProperty("opaque", ++opaque);
    header.addProperty("flag", 0);
    JsonObject extension = new JsonObject();
    fields.forEach((name, value) -> extension.addProperty(name, value.toString()));
    header.add("extFields", extension);
    byte[] head = GSON.toJson(header).getBytes(StandardCharsets.UTF_8);
    byte[] content = body.getBytes(StandardCharsets.UTF_8);
    out.writeInt(4 + head.length + content.length);
    out.writeInt(head.length);
    out.write(head);
    out.write(content);
    out.flush();
    return response();
  }

  private Response response() throws IOException {
    for (; ; ) {
      int length = in.readInt();
      int headLength = in.readInt() & 0xffffff;
      byte[] head = in.readNBytes(headLength);
      byte[] body = in.readNBytes(length - 4 - headLength);
      JsonObject header = object(new String(head, StandardCharsets.UTF_8));
      // Requests of the server are none of its business.
      if (header.get("opaque").getAsInt() == opaque && (header.get("flag").getAsInt() & 1) == 1) {
        JsonObject fields = header.getAsJsonObject("extFields");
        JsonElement remark = header.get("remark");
        return new Response(
            header.get("code").getAsInt(),
            remark == null || remark.isJsonNull() ? "" : remark.getAsString(),
            fields == null ? Map.of() : fields.asMap(),
            new String(body, StandardCharsets.UTF_8));
      }
    }
  }

  private static JsonObject object(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }

  /** Creates a topic, or changes how many queues it has. */
  void updateTopic(String topic, int readQueues, int writeQueues) throws IOException {
    call(
            UPDATE_TOPIC,
            Map.of(
                "topic",
                topic,
                "defaultTopic",
                "TBW102",
                "readQueueNums",
                readQueues,
                "writeQueueNums",
                writeQueues,
                "perm",
                READ_AND_WRITE,
                "topicFilterType",
                "SINGLE_TAG",
                "topicSysFlag",
                0,
                "order",
                false),
            "")
        .orThrow();
  }

  void updateBrokerConfig(String name, String value) throws IOException {
    call(UPDATE_BROKER_CONFIG, Map.of(), name + "=" + value + "\n").orThrow();
  }

  /** Whether a broker knows the topic; a slave learns of it some seconds after its master. */
  boolean hasTopic(String topic) throws IOException {
    return call(GET_TOPIC_CONFIG, Map.of("topic", topic), "").code() == 0;
  }

  /** Whether a name server knows the topic on a broker. */
  boolean routes(String topic, String broker) throws IOException {
    Response response = call(GET_ROUTE, Map.of("topic", topic, "acceptStandardJsonOnly", true), "");
    return response.code() == 0 && response.body().contains("\"" + broker + "\"");
  }

  /** Takes a broker's permission to be written to from a name server's routes. */
  void wipeWritePermission(String broker) throws IOException {
    call(WIPE_WRITE_PERMISSION, Map.of("brokerName", broker), "").orThrow();
  }

  void addWritePermission(String broker) throws IOException {
    call(ADD_WRITE_PERMISSION, Map.of("brokerName", broker), "").orThrow();
  }

  long maxOffset(MessageQueue queue) throws IOException {
    Map<String, JsonElement> fields =
        call(GET_MAX_OFFSET, Map.of("topic", queue.topic(), "queueId", queue.queueId()), "")
            .orThrow()
            .fields();
    return fields.get("offset").getAsLong();
  }

  /** The offset that a group has committed; empty when it has none. */
  OptionalLong committed(String group, MessageQueue queue) throws IOException {
    Response response =
        call(
            QUERY_CONSUMER_OFFSET,
            Map.of(
                "consumerGroup",
                group,
                "topic",
                queue.topic(),
                "queueId",
                queue.queueId(),
                "setZeroIfNotFound",
                false),
            "");
    return response.code() == 0
        ? OptionalLong.of(response.fields().get("offset").getAsLong())
        : OptionalLong.empty();
  }

  /** Locks queues for a client, as far as no other one has them. */
  Set<MessageQueue> lock(String group, String clientId, Set<MessageQueue> queues)
      throws IOException {
    Response response = call(LOCK_QUEUES, Map.of(), lockBody(group, clientId, queues)).orThrow();
    Set<MessageQueue> locked = new HashSet<>();
    for (JsonElement queue : object(response.body()).getAsJsonArray("lockOKMQSet")) {
      JsonObject fields = queue.getAsJsonObject();
      locked.add(
          new MessageQueue(
              fields.get("topic").getAsString(),
              fields.get("brokerName").getAsString(),
              fields.get("queueId").getAsInt()));
    }
    return locked;
  }

  void unlock(String group, String clientId, Set<MessageQueue> queues) throws IOException {
    call(UNLOCK_QUEUES, Map.of(), lockBody(group, clientId, queues)).orThrow();
  }

  private static String lockBody(String group, String clientId, Set<MessageQueue> queues) {
    JsonArray set = new JsonArray();
    for (MessageQueue queue : queues) {
      JsonObject fields = new JsonObject();
      fields.addProperty("topic", queue.topic());
      fields.addProperty("brokerName", queue.brokerName());
      fields.addProperty("queueId", queue.queueId());
      set.add(fields);
    }
    JsonObject body = new JsonObject();
    body.addProperty("consumerGroup", group);
    body.addProperty("clientId", clientId);
    body.addProperty("onlyThisBroker", true);
    body.add("mqSet", set);
    return GSON.toJson(body);
  }

  /** Stores a message. */
  void send(MessageQueue queue, String body) throws IOException {
    call(
            SEND_MESSAGE,
            Map.of(
                "producerGroup",
                "faults-admin",
                "topic",
                queue.topic(),
                "defaultTopic",
                "TBW102",
                "defaultTopicQueueNums",
                4,
                "queueId",
                queue.queueId(),
                "sysFlag",
                0,
                "bornTimestamp",
                System.currentTimeMillis(),
                "flag",
                0,
                "reconsumeTimes",
                0),
            body)
        .orThrow();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      System.err.println("a connection of the tests was not closed: " + e);
    }
  }
}
