package io.github.rocketffm.bench;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/** The same as FirstAcknowledgement by Apache's Java client. */
public final class ApacheFirstAcknowledgement {
  private ApacheFirstAcknowledgement() {}

  public static void main(String[] arguments) throws Exception {
    DefaultMQProducer producer = new DefaultMQProducer("start");
    producer.setNamesrvAddr(arguments[0]);
    producer.start();
    producer.send(new Message(arguments[1], "hello".getBytes()));
    System.out.println("acknowledged");
    System.exit(0);
  }
}
