import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.AllocateMessageQueueStrategy;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragelyByCircle;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueByConfig;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueByMachineRoom;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueConsistentHash;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.TransactionSendResult;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Apache's client as a process of its own, told what to do in lines on standard input and answering in lines on
 * standard output. Fields are separated by blanks, and each is Base64 of UTF-8, "-" where it is empty.
 */
public final class ApachePeer {
  private static final PrintStream OUT = System.out;

  private static String decode(String field) {
    return new String(bytes(field), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String field) {
    return field.equals("-") ? new byte[0] : Base64.getDecoder().decode(field);
  }

  private static String encode(byte[] bytes) {
    return bytes == null || bytes.length == 0 ? "-" : Base64.getEncoder().encodeToString(bytes);
  }

  private static String encode(String text) {
    return text == null ? "-" : encode(text.getBytes(StandardCharsets.UTF_8));
  }

  private static synchronized void print(List<String> fields) {
    OUT.println(String.join(" ", fields));
    OUT.flush();
  }

  private static void received(List<MessageExt> messages) {
    long now = System.currentTimeMillis();
    for (MessageExt message : messages) {
      List<String> fields = new ArrayList<>();
      fields.add("MESSAGE");
      fields.add(encode(message.getMsgId()));
      fields.add(encode(message.getTags()));
      fields.add(encode(message.getKeys()));
      fields.add(encode(String.valueOf(message.getFlag())));
      fields.add(encode(message.getBody()));
      for (Map.Entry<String, String> property : message.getProperties().entrySet()) {
        fields.add(encode(property.getKey()));
        fields.add(encode(property.getValue()));
      }
      fields.add(encode("seen-at-millis"));
      fields.add(encode(String.valueOf(now)));
      print(fields);
    }
  }

  private static ConsumeConcurrentlyStatus reply(
      DefaultMQProducer producer, List<MessageExt> messages, String suffix) {
    try {
      for (MessageExt message : messages) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(message.getBody());
        body.writeBytes(suffix.getBytes(StandardCharsets.UTF_8));
        producer.send(MessageUtil.createReplyMessage(message, body.toByteArray()));
      }
      return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
    } catch (Exception e) {
      e.printStackTrace();
      return ConsumeConcurrentlyStatus.RECONSUME_LATER;
    }
  }

  /** The producer stays, to be asked what became of it. */
  private static TransactionSendResult sendInTransaction(
      String nameServers, Message message, String[] fields) throws Exception {
    LocalTransactionState state = LocalTransactionState.valueOf(decode(fields[3]));
    LocalTransactionState checkedState = LocalTransactionState.valueOf(decode(fields[4]));
    TransactionMQProducer producer = new TransactionMQProducer("apache-tellers-" + System.nanoTime());
    producer.setNamesrvAddr(nameServers);
    producer.setSendMsgTimeout(20000);
    producer.setTransactionListener(
        new TransactionListener() {
          @Override
          public LocalTransactionState executeLocalTransaction(Message half, Object argument) {
            return state;
          }

          @Override
          public LocalTransactionState checkLocalTransaction(MessageExt half) {
            return checkedState;
          }
        });
    producer.start();
    return producer.sendMessageInTransaction(message, null);
  }

  private static List<String> split(String text, String separator) {
    return text.isEmpty() ? List.of() : List.of(text.split(separator));
  }

  private static List<MessageQueue> queues(String text) {
    List<MessageQueue> queues = new ArrayList<>();
    for (String entry : split(text, ";")) {
      String[] fields = entry.split(" ");
      queues.add(new MessageQueue(fields[0], fields[1], Integer.parseInt(fields[2])));
    }
    return queues;
  }

  /** By the numbers of rocketmq.h. */
  private static AllocateMessageQueueStrategy strategy(
      int kind, int virtualNodes, Set<String> rooms, List<MessageQueue> configured) {
    switch (kind) {
      case 0 -> {
        return new AllocateMessageQueueAveragely();
      }
      case 1 -> {
        return new AllocateMessageQueueAveragelyByCircle();
      }
      case 2 -> {
        AllocateMessageQueueByConfig config = new AllocateMessageQueueByConfig();
        config.setMessageQueueList(configured);
        return config;
      }
      case 3 -> {
        return new AllocateMessageQueueConsistentHash(virtualNodes);
      }
      default -> {
        AllocateMessageQueueByMachineRoom room = new AllocateMessageQueueByMachineRoom();
        room.setConsumeridcs(rooms);
        return room;
      }
    }
  }

  private static String allocate(String[] fields) {
    AllocateMessageQueueStrategy strategy =
        strategy(
            Integer.parseInt(decode(fields[1])),
            Integer.parseInt(decode(fields[2])),
            new TreeSet<>(split(decode(fields[3]), ",")),
            queues(decode(fields[4])));
    List<String> texts = new ArrayList<>();
    for (MessageQueue queue :
        strategy.allocate(
            "group", decode(fields[7]), queues(decode(fields[5])), split(decode(fields[6]), ","))) {
      texts.add(queue.getTopic() + " " + queue.getBrokerName() + " " + queue.getQueueId());
    }
    return String.join(";", texts);
  }

  public static void main(String[] arguments) {
    try {
      serve(arguments[0]);
      System.exit(0);
    } catch (Exception e) {
      // The client's threads would keep the process alive.
      e.printStackTrace();
      System.exit(1);
    }
  }

  @SuppressWarnings("deprecation")
  private static void serve(String nameServers) throws Exception {
    // The client writes to standard output too.
    System.setOut(System.err);
    DefaultMQProducer producer = new DefaultMQProducer("apache-producers");
    producer.setNamesrvAddr(nameServers);
    producer.setSendMsgTimeout(20000);
    producer.start();
    DefaultMQPushConsumer consumer = null;
    boolean byConsistentHash = false;
    print(List.of("READY"));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] fields = line.split(" ");
      switch (fields[0]) {
        case "send" -> {
          Message message =
              new Message(
                  decode(fields[1]),
                  decode(fields[2]),
                  decode(fields[3]),
                  Integer.parseInt(decode(fields[4])),
                  bytes(fields[5]),
                  true);
          for (int i = 6; i + 1 < fields.length; i += 2) {
            message.putUserProperty(decode(fields[i]), decode(fields[i + 1]));
          }
          print(List.of("SENT", encode(producer.send(message).getMsgId())));
        }
        case "batch" -> {
          List<Message> batch = new ArrayList<>();
          for (int i = 2; i < fields.length; i++) {
            batch.add(new Message(decode(fields[1]), bytes(fields[i])));
          }
          print(List.of("SENT", encode(producer.send(batch).getMsgId())));
        }
        case "hash" -> {
          Message message = new Message(decode(fields[1]), new byte[] {1});
          SendResult sent = producer.send(message, new SelectMessageQueueByHash(), decode(fields[2]));
          print(List.of("SENT", encode(String.valueOf(sent.getMessageQueue().getQueueId()))));
        }
        case "send-ordered" -> {
          String key = decode(fields[2]);
          Message message = new Message(decode(fields[1]), bytes(fields[3]));
          String id = producer.send(message, new SelectMessageQueueByHash(), key).getMsgId();
          print(List.of("SENT", encode(id)));
        }
        case "consume", "consume-sql", "consume-orderly", "consume-broadcast" -> {
          consumer = new DefaultMQPushConsumer(decode(fields[1]));
          consumer.setNamesrvAddr(nameServers);
          consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
          if (byConsistentHash) {
            consumer.setAllocateMessageQueueStrategy(new AllocateMessageQueueConsistentHash());
          }
          consumer.subscribe(
              decode(fields[2]),
              fields.length > 3 ? MessageSelector.bySql(decode(fields[3])) : MessageSelector.byTag("*"));
          if (fields[0].equals("consume-orderly")) {
            consumer.registerMessageListener(
                (MessageListenerOrderly)
                    (messages, context) -> {
                      received(messages);
                      return ConsumeOrderlyStatus.SUCCESS;
                    });
          } else {
            consumer.registerMessageListener(
                (MessageListenerConcurrently)
                    (messages, context) -> {
                      received(messages);
                      return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
                    });
          }
          if (fields[0].equals("consume-broadcast")) {
            consumer.setMessageModel(MessageModel.BROADCASTING);
          }
          consumer.start();
          print(List.of("STARTED"));
        }
        case "transaction" -> {
          Message message = new Message(decode(fields[1]), bytes(fields[2]));
          print(List.of("SENT", encode(sendInTransaction(nameServers, message, fields).getMsgId())));
        }
        case "request" -> {
          Message message = new Message(decode(fields[1]), bytes(fields[2]));
          try {
            Message reply = producer.request(message, Long.parseLong(decode(fields[3])));
            print(List.of("REPLIED", encode(reply.getBody())));
          } catch (RequestTimeoutException e) {
            print(List.of("REPLIED"));
          }
        }
        case "reply" -> {
          String suffix = decode(fields[3]);
          consumer = new DefaultMQPushConsumer(decode(fields[1]));
          consumer.setNamesrvAddr(nameServers);
          consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
          consumer.subscribe(decode(fields[2]), "*");
          consumer.registerMessageListener(
              (MessageListenerConcurrently) (messages, c) -> reply(producer, messages, suffix));
          consumer.start();
          print(List.of("STARTED"));
        }
        case "stop-consuming" -> {
          consumer.shutdown();
          print(List.of("STOPPED"));
        }
        case "consistent-hash" -> {
          byConsistentHash = true;
          print(List.of("CHOSEN"));
        }
        case "allocate" -> print(List.of("ALLOCATED", encode(allocate(fields))));
        case "queues" -> {
          String topic = decode(fields[1]);
          long count =
              consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
                  .filter(queue -> queue.getTopic().equals(topic))
                  .count();
          print(List.of("QUEUES", encode(String.valueOf(count))));
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
  }
}
