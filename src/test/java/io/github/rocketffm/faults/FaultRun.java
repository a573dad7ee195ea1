package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.Producer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** One run of a {@link Scenario}: its cluster, load, consumers and what is known of their messages. */
final class FaultRun implements AutoCloseable {
  private static final Duration WARM_UP = Duration.ofSeconds(90);
  private static final Duration DRAIN = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 50;
  // Members share queues out every 20 s.
  private static final Duration REBALANCE = Duration.ofSeconds(22);
  private static final int ROUND_MILLIS = 1_000;

  private final Scenario scenario;
  private final double scale;
  private final Path folder;
  private final Cluster cluster;
  private final Ledger ledger = new Ledger();
  private final List<String> violations = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Map<Kind, Set<MessageQueue>> expected = new EnumMap<>(Kind.class);
  private final List<AutoCloseable> owned = new ArrayList<>();
  private final StallMeter stalls;
  private Member member;
  private Load load;
  private boolean recovered;
  private double recoveredAfter;
  private int probes;

  private FaultRun(Scenario scenario, double scale, Path folder) throws Exception {
    this.scenario = scenario;
    this.scale = scale;
    this.folder = folder;
    cluster = Cluster.start(folder, scenario.cluster());
    try {
      for (Kind kind : Kind.values()) {
        cluster.createTopic(kind.topic());
        Set<MessageQueue> queues = new HashSet<>(cluster.queues(kind.topic(), Cluster.A));
        queues.addAll(cluster.queues(kind.topic(), Cluster.B));
        expected.put(kind, queues);
      }
      cluster.createTopic(StallMeter.TOPIC);
      stalls = new StallMeter(cluster.b());
    } catch (Exception e) {
      cluster.close();
      throw e;
    }
  }

  /** Runs a scenario from start to end. */
  static Outcome run(Scenario scenario, double scale, Path folder) throws Exception {
    try (FaultRun run = new FaultRun(scenario, scale, folder)) {
      return run.run();
    }
  }

  private Outcome run() throws Exception {
    member = new Member("first", cluster.nameServerAddresses(), EnumSet.allOf(Kind.class), sink());
    ledger.mark();
    load = new Load(cluster.nameServerAddresses(), ledger, scenario.bigBodyBytes());
    if (!await(WARM_UP, () -> ledger.missing(expected).isEmpty())) {
      violations.add("before the fault nothing came from " + ledger.missing(expected));
    }
    ledger.startGaps();
    stalls.start();
    causeFault();
    recover();
    load.stop();
    ledger.stopGaps();
    double stall = stalls.seconds();
    await(DRAIN, () -> ledger.lost() == 0);
    return new Outcome(
        scenario,
        ledger,
        recovered ? recoveredAfter : Double.POSITIVE_INFINITY,
        stall,
        violations,
        notes);
  }

  private void causeFault() throws InterruptedException {
    try {
      scenario.fault().run(this);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      e.printStackTrace();
      violations.add("the fault was not caused as it should: " + e);
    }
  }

  /**
   * Waits until every queue has given a message that was sent after the fault, and looks again after the groups have
   * shared their queues out anew: members that a broker still lists but that are gone would have a share.
   */
  private void recover() throws InterruptedException {
    try (Producer prober =
        Producer.builder("faults-probes")
            .nameServers(cluster.nameServerAddresses())
            .instanceName("probes")
            .start()) {
      recovered = recover(prober, "at first");
      Thread.sleep(REBALANCE);
      recovered &= recover(prober, "later");
    }
  }

  private boolean recover(Producer prober, String when) throws InterruptedException {
    ledger.mark();
    double limit = scenario.limits().recovery() * 1.5;
    for (int round = 0; round * ROUND_MILLIS < limit * 1_000; round++) {
      Load.probe(prober, ledger, expected, probes++);
      if (await(Duration.ofMillis(ROUND_MILLIS), () -> ledger.missing(expected).isEmpty())) {
        recoveredAfter = Math.max(recoveredAfter, ledger.worst(Track::recoveredAfter));
        return true;
      }
    }
    violations.add("after the fault, " + when + ", nothing came from " + ledger.missing(expected));
    return false;
  }

  /** Lets the load run for so long. */
  void pass(double seconds) throws InterruptedException {
    Thread.sleep((long) (seconds * scale * 1_000));
  }

  /** Whether it comes true in time. */
  boolean await(Duration limit, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      Thread.sleep(POLL_MILLIS);
    }
    return true;
  }

  /** Notes what must not be. */
  void violate(String what) {
    violations.add(what);
  }

  /** Notes a figure that has no column. */
  void note(String what) {
    notes.add(what);
  }

  /** Notes a figure that has no column, and that it must not be above the limit, beside the machine's stalls. */
  void measure(String what, double seconds, double limit) {
    notes.add(String.format("%s: %.1f s", what, seconds));
    if (seconds > limit + stalls.seconds()) {
      violations.add(
          String.format("%s: %.1f s, and at most %.1f s are allowed", what, seconds, limit));
    }
  }

  Cluster cluster() {
    return cluster;
  }

  Ledger ledger() {
    return ledger;
  }

  /** The member that consumes all kinds. */
  Member member() {
    return member;
  }

  /** The queues of each kind that must be consumed after the fault; to be changed where the fault changes them. */
  Map<Kind, Set<MessageQueue>> expected() {
    return expected;
  }

  double scale() {
    return scale;
  }

  /** Where a consumer of this process tells what it consumes. */
  Member.Sink sink() {
    return new Member.Sink() {
      @Override
      public void consumed(Kind kind, String body, MessageQueue queue, long offset) {
        ledger.of(kind).consume(body, queue, offset);
      }

      @Override
      public void enter(MessageQueue queue, String name) {
        ledger.enter(queue, name);
      }

      @Override
      public void leave(MessageQueue queue, String name) {
        ledger.leave(queue, name);
      }
    };
  }

  /** Starts one more member in this process; closed with the run. */
  Member join(String instance, Set<Kind> kinds) {
    Member joined = new Member(instance, cluster.nameServerAddresses(), kinds, sink());
    owned.add(joined);
    return joined;
  }

  /** Starts one more member in a process of its own; ended with the run. */
  MemberProgram program(String instance) throws Exception {
    Member.Sink sink = (kind, body, queue, offset) -> ledger.of(kind).consume(body, queue, offset);
    MemberProgram program =
        MemberProgram.start(instance, cluster.nameServerAddresses(), folder, sink);
    owned.add(program);
    Runtime.getRuntime().addShutdownHook(new Thread(program::close, "faults-member-kill"));
    return program;
  }

  @Override
  public void close() {
    stalls.close();
    closeQuietly(load);
    owned.forEach(FaultRun::closeQuietly);
    closeQuietly(member);
    cluster.close();
  }

  private static void closeQuietly(AutoCloseable resource) {
    try {
      if (resource != null) {
        resource.close();
      }
    } catch (Exception e) {
      System.err.println("not closed: " + e);
    }
  }
}
