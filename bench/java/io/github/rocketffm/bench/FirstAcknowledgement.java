package io.github.rocketffm.bench;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;

/** A program that sends one message and ends; its arguments are the name server and the topic. */
public final class FirstAcknowledgement {
  private FirstAcknowledgement() {}

  public static void main(String[] arguments) {
    try (Producer producer = Producer.builder("start").nameServers(arguments[0]).start()) {
      producer.send(Message.builder(arguments[1]).body("hello").build());
      System.out.println("acknowledged");
    }
  }
}
