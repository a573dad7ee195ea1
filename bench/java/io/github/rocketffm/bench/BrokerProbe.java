package io.github.rocketffm.bench;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Asks the broker itself how many messages it stored, by the protocol's own bytes: no contender is believed. */
final class BrokerProbe {
  private static final int GET_MAX_OFFSET = 30;
  private static final int GET_ROUTE = 105;
  private static final int QUEUES = 4;

  private BrokerProbe() {}

  static long messages(String broker, String topic) throws IOException {
    long messages = 0;
    for (int queue = 0; queue < QUEUES; queue++) {
      String fields = "\"topic\":\"" + topic + "\",\"queueId\":\"" + queue + "\"";
      String answer = ask(broker, GET_MAX_OFFSET, fields);
      int at = answer.indexOf("\"offset\":\"");
      if (at < 0) {
        throw new IOException("the broker told no offset of " + topic + ": " + answer);
      }
      messages += Long.parseLong(answer.substring(at + 10, answer.indexOf('"', at + 10)));
    }
    return messages;
  }

  /** Whether the name server knows the topic. */
  static boolean hasRoute(String nameServer, String topic) throws IOException {
    return ask(nameServer, GET_ROUTE, "\"topic\":\"" + topic + "\"").contains("brokerDatas");
  }

  private static String ask(String address, int code, String fields) throws IOException {
    int colon = address.lastIndexOf(':');
    int port = Integer.parseInt(address.substring(colon + 1));
    byte[] header =
        ("{\"code\":"
                + code
                + ",\"language\":\"OTHER\",\"version\":479,\"opaque\":1,\"flag\":0,\"extFields\":{"
                + fields
                + "}}")
            .getBytes(StandardCharsets.UTF_8);
    try (Socket socket = new Socket(address.substring(0, colon), port)) {
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.writeInt(4 + header.length);
      out.writeInt(header.length);
      out.write(header);
      out.flush();
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] frame = new byte[in.readInt()];
      in.readFully(frame);
      return new String(frame, StandardCharsets.UTF_8);
    }
  }
}
