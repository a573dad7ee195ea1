package io.github.rocketffm.bench;

import java.util.List;
import java.util.function.Consumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyContext;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Apache's Java client. Argument: the name server. */
public final class ApacheContender implements BenchClient {
  private static final int TIMEOUT_MILLIS = 10_000;

  private final String nameServer;
  private long sum;

  private ApacheContender(String nameServer) {
    this.nameServer = nameServer;
  }

  public static void main(String[] arguments) throws Exception {
    new Contender(new ApacheContender(arguments[0])).serve();
  }

  @Override
  public Sender sender(String group, int inFlight, int lingerMillis) throws Exception {
    DefaultMQProducer producer = new DefaultMQProducer(group);
    producer.setNamesrvAddr(nameServer);
    producer.setSendMsgTimeout(TIMEOUT_MILLIS);
    producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
    if (lingerMillis > 0) {
      producer.setAutoBatch(true);
      producer.initProduceAccumulator();
      producer.batchMaxDelayMs(lingerMillis);
      // It has no limit by number: a batch ends with the body that goes beyond so many bytes.
      producer.batchMaxBytes(BATCH * BATCHED_BODY - 1);
    }
    producer.start();
    return new Sender() {
      @Override
      public void send(String topic, byte[] body) throws Exception {
        producer.send(message(topic, body));
      }

      @Override
      public void sendAsync(String topic, byte[] body, Consumer<Throwable> done) throws Exception {
        producer.send(
            message(topic, body),
            new SendCallback() {
              @Override
              public void onSuccess(SendResult result) {
                done.accept(null);
              }

              @Override
              public void onException(Throwable e) {
                done.accept(e);
              }
            });
      }

      @Override
      public Message message(String topic, byte[] body) {
        return new Message(topic, body);
      }

      @Override
      public void close() {
        producer.shutdown();
      }
    };
  }

  @Override
  public AutoCloseable consume(
      String group, String topic, boolean fromFirst, int batch, Listener listener)
      throws Exception {
    DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
    consumer.setNamesrvAddr(nameServer);
    consumer.subscribe(topic, "*");
    consumer.setConsumeFromWhere(
        fromFirst
            ? ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET
            : ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET);
    consumer.setConsumeMessageBatchMaxSize(batch);
    MessageListenerConcurrently consume =
        (List<MessageExt> messages, ConsumeConcurrentlyContext context) -> {
          for (MessageExt message : messages) {
            byte[] body = message.getBody();
            sum += body[body.length - 1];
            listener.message(body);
          }
          listener.batch(messages.size());
          return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
    consumer.registerMessageListener(consume);
    consumer.start();
    return consumer::shutdown;
  }

  /** Its threads have names of many kinds: all that no virtual machine has by itself. */
  @Override
  public boolean isOwnThread(String name) {
    return name.startsWith("Netty")
        || name.startsWith("NettyClient")
        || name.startsWith("MQClient")
        // Those that end batches.
        || name.startsWith("Client_")
        || name.startsWith("Rebalance")
        || name.startsWith("PullMessage")
        || name.startsWith("ConsumeMess")
        || name.startsWith("CleanExpire")
        || name.startsWith("AsyncSender")
        || name.startsWith("RequestHous")
        || name.startsWith("Latency")
        || name.startsWith("Detector");
  }
}
