package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What befalls name servers and topics. */
final class ClusterFaults {
  // Clients look at routes every 30 s, and share queues out every 20 s.
  private static final double NEW_QUEUES_SECONDS = 60;

  private ClusterFaults() {}

  static List<Scenario> all() {
    return List.of(
        Scenario.ofA(
            "write-permission-wiped",
            "the name servers say for 25 s that A takes no messages",
            ClusterFaults::wiped),
        Scenario.ofA("queues-changed", "topics have 4, 8 and again 4 queues", ClusterFaults::queues)
            .leavesAlone(Cluster.A, Cluster.B),
        Scenario.ofA("broker-added", "a third broker comes and goes", ClusterFaults::added)
            .leavesAlone(Cluster.A, Cluster.B),
        Scenario.ofA(
                "name-servers-down", "both name servers are down for 60 s", ClusterFaults::down)
            .leavesAlone(Cluster.A, Cluster.B));
  }

  private static void wiped(FaultRun run) throws Exception {
    for (int i = 0; i < 2; i++) {
      try (RemotingAdmin admin = run.cluster().nameServer(i)) {
        admin.wipeWritePermission(Cluster.A);
      }
    }
    run.pass(25);
    for (int i = 0; i < 2; i++) {
      try (RemotingAdmin admin = run.cluster().nameServer(i)) {
        admin.addWritePermission(Cluster.A);
      }
    }
  }

  private static void change(FaultRun run, int readQueues, int writeQueues) throws Exception {
    for (Broker broker : List.of(run.cluster().a(), run.cluster().b())) {
      try (RemotingAdmin admin = broker.admin()) {
        for (Kind kind : Kind.values()) {
          admin.updateTopic(kind.topic(), readQueues, writeQueues);
        }
      }
    }
  }

  private static Set<MessageQueue> queuesOf(Kind kind, int count) {
    return IntStream.range(0, count)
        .boxed()
        .flatMap(
            id ->
                List.of(
                    new MessageQueue(kind.topic(), Cluster.A, id),
                    new MessageQueue(kind.topic(), Cluster.B, id))
                    .stream())
        .collect(Collectors.toSet());
  }

  private static void expect(FaultRun run, int count) {
    for (Kind kind : Kind.values()) {
      run.expected().put(kind, queuesOf(kind, count));
    }
  }

  private static void queues(FaultRun run) throws Exception {
    long begin = System.nanoTime();
    change(run, 8, 8);
    expect(run, 8);
    // The load finds them by itself.
    run.ledger().mark();
    run.await(
        Duration.ofSeconds((long) (NEW_QUEUES_SECONDS * 1.5)),
        () -> run.ledger().missing(run.expected()).isEmpty());
    run.measure("until the new queues were used", seconds(begin), NEW_QUEUES_SECONDS);
    change(run, 4, 4);
    run.pass(10);
    run.measure("sends were refused for", run.ledger().worst(Track::refusedFor), 1);
    // What the queues still hold is read.
    change(run, 8, 4);
    expect(run, 4);
  }

  private static double seconds(long beginNanos) {
    return (System.nanoTime() - beginNanos) / 1e9;
  }

  private static void added(FaultRun run) throws Exception {
    Cluster cluster = run.cluster();
    Broker c = cluster.addBroker();
    long begin = System.nanoTime();
    for (Kind kind : Kind.values()) {
      cluster.createTopic(c, kind.topic(), 4);
      Set<MessageQueue> queues = new HashSet<>(run.expected().get(kind));
      queues.addAll(cluster.queues(kind.topic(), Cluster.C));
      run.expected().put(kind, queues);
    }
    run.ledger().mark();
    run.await(
        Duration.ofSeconds((long) (NEW_QUEUES_SECONDS * 1.5)),
        () -> run.ledger().missing(run.expected()).isEmpty());
    run.measure("until the new broker was used", seconds(begin), NEW_QUEUES_SECONDS);
    try (RemotingAdmin admin = c.admin()) {
      admin.updateBrokerConfig("brokerPermission", "4");
    }
    expect(run, 4);
    // It goes when its queues are empty, as an operator would see it.
    run.await(Duration.ofSeconds(60), () -> quiet(run));
    c.server().kill();
    run.pass(10);
  }

  /** Whether nothing waits at the third broker, and nothing comes to it. */
  private static boolean quiet(FaultRun run) {
    int before = sentToC(run);
    try {
      Thread.sleep(2_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    boolean waiting = false;
    for (Track track : run.ledger().all()) {
      waiting |= track.lost().keySet().stream().anyMatch(ClusterFaults::isOfC);
    }
    return !waiting && sentToC(run) == before;
  }

  private static boolean isOfC(MessageQueue queue) {
    return queue.brokerName().equals(Cluster.C);
  }

  private static int sentToC(FaultRun run) {
    return run.ledger()
        .sum(
            track ->
                track.shares().entrySet().stream()
                    .filter(entry -> isOfC(entry.getKey()))
                    .mapToInt(entry -> entry.getValue())
                    .sum());
  }

  private static void down(FaultRun run) throws Exception {
    Cluster cluster = run.cluster();
    cluster.killNameServers();
    run.pass(60);
    cluster.startNameServers();
    // Brokers announce themselves every 30 s; before that there is nothing to be found.
    for (Kind kind : Kind.values()) {
      cluster.awaitRoute(cluster.a(), kind.topic());
      cluster.awaitRoute(cluster.b(), kind.topic());
    }
  }
}
