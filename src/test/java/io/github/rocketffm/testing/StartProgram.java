package io.github.rocketffm.testing;

import io.github.rocketffm.Producer;
import io.github.rocketffm.RocketMqException;

/** Starts a producer, twice, and tells what became of it. */
public final class StartProgram {
  private StartProgram() {}

  public static void main(String[] arguments) {
    for (int i = 0; i < 2; i++) {
      try (Producer producer = Producer.builder("group").nameServers("127.0.0.1:9").start()) {
        System.out.println("STARTED " + producer.statistics().sendsAccepted());
      } catch (RocketMqException e) {
        System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }
}
