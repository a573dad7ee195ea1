package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * How long the machine itself held everything up: the longest round trip of a plain store request to a healthy broker
 * past proxy and client, and the longest oversleeping of a thread. Limits of time are meant beside that.
 */
final class StallMeter implements AutoCloseable {
  static final String TOPIC = "faults-stall";
  private static final long PAUSE_MILLIS = 20;

  private final Broker broker;
  private final GapMeter trips = new GapMeter();
  private final GapMeter sleeps = new GapMeter();
  private volatile boolean stopped;

  StallMeter(Broker broker) {
    this.broker = broker;
    Thread.ofPlatform().daemon().name("faults-stall-store").start(this::store);
    Thread.ofPlatform().daemon().name("faults-stall-sleep").start(this::sleep);
  }

  private void store() {
    MessageQueue queue = new MessageQueue(TOPIC, broker.name(), 0);
    try (RemotingAdmin admin = broker.admin()) {
      while (!stopped) {
        admin.send(queue, "stall");
        trips.event();
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      }
    } catch (IOException | RuntimeException e) {
      System.err.println("stalls of " + broker.name() + " are not measured any more: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sleep() {
    try {
      while (!stopped) {
        sleeps.event();
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void start() {
    trips.start();
    sleeps.start();
  }

  double seconds() {
    return Math.max(trips.seconds(), sleeps.seconds());
  }

  @Override
  public void close() {
    stopped = true;
  }
}
