package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.testing.ServerProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What befalls broker A itself. */
final class BrokerFaults {
  private static final Duration SLAVE_LAG = Duration.ofSeconds(60);
  private static final int DISK_MEGABYTES = 400;
  private static final int FILLING_MEGABYTES = 260;
  private static final int SHUTDOWN_SECONDS = 30;
  private static final int CONNECTIONS_MORE = 20;
  private static final String WRITABLE = "6";
  private static final String READ_ONLY = "4";

  private BrokerFaults() {}

  static List<Scenario> all() {
    return List.of(
        Scenario.ofA("killed", "A is killed, and comes back after 15 s", BrokerFaults::killed),
        Scenario.ofA("frozen", "A is frozen for 40 s", BrokerFaults::frozen),
        Scenario.ofA("disk-full", "A's disk is full for 25 s", BrokerFaults::diskFull)
            .with(
                new ClusterSettings(
                    false,
                    DISK_MEGABYTES,
                    List.of("cleanResourceInterval=1000", "diskSpaceWarningLevelRatio=50"))),
        Scenario.ofA("read-only", "A takes no messages for 25 s", BrokerFaults::readOnly),
        Scenario.ofA(
                "slave-reads",
                "A is killed while its messages wait, which its slave gives out",
                BrokerFaults::slaveReads)
            // A master that acknowledges only what its slave has, once there is one.
            .with(
                new ClusterSettings(
                    true,
                    0,
                    List.of(
                        "brokerRole=SYNC_MASTER",
                        "inSyncReplicas=2",
                        "enableAutoInSyncReplicas=true")))
            // Of 5.5.0 a slave does not learn the group's offsets within a minute: its reader
            // begins at the first message.
            .with(Limits.STRICT.duplicateShare(0.25))
            .leavesAlone(),
        Scenario.ofA(
                "go-away",
                "A announces for 30 s that it ends, and comes back",
                BrokerFaults::goAway)
            .with(
                new ClusterSettings(
                    false,
                    0,
                    List.of(
                        "enableShutdownGracefully=true",
                        "shutdownWaitTimeSeconds=" + SHUTDOWN_SECONDS))));
  }

  private static void killed(FaultRun run) throws Exception {
    Broker a = run.cluster().a();
    a.server().kill();
    run.pass(5);
    Map<MessageQueue, Integer> before = run.ledger().of(Kind.PUSH).shares();
    run.pass(10);
    Map<MessageQueue, Integer> after = run.ledger().of(Kind.PUSH).shares();
    List<Integer> shares =
        run.cluster().queues(Kind.PUSH.topic(), Cluster.B).stream()
            .map(queue -> after.getOrDefault(queue, 0) - before.getOrDefault(queue, 0))
            .toList();
    run.note("sends to each of B's queues while A was down: " + shares);
    double mean = shares.stream().mapToInt(Integer::intValue).average().orElseThrow();
    if (shares.stream().anyMatch(share -> Math.abs(share - mean) > Math.max(4, mean / 10))) {
      run.violate("B's queues did not get equal shares within 10 %: " + shares);
    }
    a.start();
  }

  private static void frozen(FaultRun run) throws Exception {
    ServerProcess server = run.cluster().a().server();
    server.freeze();
    run.pass(40);
    server.thaw();
  }

  private static void diskFull(FaultRun run) throws Exception {
    Broker a = run.cluster().a();
    Path filling = Path.of("/proc/" + a.server().pid() + "/root" + a.store().resolve("filling"));
    byte[] megabyte = new byte[1 << 20];
    try (OutputStream out = Files.newOutputStream(filling)) {
      for (int i = 0; i < FILLING_MEGABYTES; i++) {
        out.write(megabyte);
      }
    }
    // A broker looks at its disk for the first time when it has run for a minute.
    if (!run.await(Duration.ofSeconds(90), () -> refuses(a))) {
      throw new IllegalStateException("A stores messages though its disk is full");
    }
    run.pass(25);
    Files.delete(filling);
    if (!run.await(Duration.ofSeconds(20), () -> !refuses(a))) {
      throw new IllegalStateException("A stores no messages though its disk has room");
    }
  }

  private static boolean refuses(Broker broker) {
    try (RemotingAdmin admin = broker.admin()) {
      admin.send(new MessageQueue(StallMeter.TOPIC, broker.name(), 0), "disk");
      return false;
    } catch (IllegalStateException e) {
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void readOnly(FaultRun run) throws Exception {
    try (RemotingAdmin admin = run.cluster().a().admin()) {
      admin.updateBrokerConfig("brokerPermission", READ_ONLY);
      run.pass(25);
      admin.updateBrokerConfig("brokerPermission", WRITABLE);
    }
  }

  private static void slaveReads(FaultRun run) throws Exception {
    Cluster cluster = run.cluster();
    Track push = run.ledger().of(Kind.PUSH);
    Set<MessageQueue> queues = cluster.queues(Kind.PUSH.topic(), Cluster.A);
    try (RemotingAdmin slave = cluster.slave().admin()) {
      if (!run.await(SLAVE_LAG, () -> knows(slave, queues))) {
        throw new IllegalStateException("the slave gets no topic, or no messages");
      }
      run.member().consumer(Kind.PUSH).close();
      run.pass(5);
    }
    cluster.a().server().kill();
    int waiting = lostOfA(push);
    long begin = System.nanoTime();
    run.join("reader", EnumSet.of(Kind.PUSH));
    run.await(Duration.ofSeconds(60), () -> lostOfA(push) == 0);
    run.note(waiting + " messages of A waited, " + lostOfA(push) + " were not read of its slave");
    run.measure("until the slave had given them", (System.nanoTime() - begin) / 1e9, 30);
    cluster.a().start();
  }

  private static boolean knows(RemotingAdmin admin, Set<MessageQueue> queues) {
    try {
      for (MessageQueue queue : queues) {
        if (!admin.hasTopic(queue.topic()) || admin.maxOffset(queue) == 0) {
          return false;
        }
      }
      return true;
    } catch (IllegalStateException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int lostOfA(Track track) {
    return track.lost().entrySet().stream()
        .filter(entry -> entry.getKey().brokerName().equals(Cluster.A))
        .mapToInt(entry -> entry.getValue().size())
        .sum();
  }

  private static void goAway(FaultRun run) throws Exception {
    Broker a = run.cluster().a();
    int before = a.proxy().accepted();
    a.server().terminate();
    a.server().onExit().get(SHUTDOWN_SECONDS * 3L, TimeUnit.SECONDS);
    int more = a.proxy().accepted() - before;
    run.note("connections to A while it announced its end: " + more);
    if (more > CONNECTIONS_MORE) {
      run.violate(more + " connections to A, and at most " + CONNECTIONS_MORE + " are allowed");
    }
    a.start();
  }
}
