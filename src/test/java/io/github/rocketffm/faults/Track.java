package io.github.rocketffm.faults;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.testing.KeyedRun;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What is known of the messages of one {@link Kind}: which were sent, acknowledged, consumed, and when. Any thread. A
 * message is known by the text of its body, which is {@code key-number}.
 */
final class Track {
  private final Kind kind;
  private final Map<String, Long> attempted = new HashMap<>();
  private final Map<String, MessageQueue> acknowledged = new HashMap<>();
  private final Set<String> forbidden = new HashSet<>();
  private final Map<String, Integer> consumed = new HashMap<>();
  private final List<String> strangers = new ArrayList<>();
  private final KeyedRun order = new KeyedRun();
  private final Map<String, GapMeter> published = new HashMap<>();
  private final Map<String, GapMeter> consumedFrom = new HashMap<>();
  private final GapMeter publishedAnywhere = new GapMeter();
  private final GapMeter consumedAnywhere = new GapMeter();
  private final Map<ErrorKind, Integer> failures = new TreeMap<>();
  private final Map<MessageQueue, Integer> shares = new HashMap<>();
  private final Map<MessageQueue, Long> highest = new HashMap<>();
  private final Map<MessageQueue, Long> recovered = new HashMap<>();
  private int begun;
  private int ended;
  private long longestSend;
  private long firstRefusal;
  private long lastRefusal;
  private long mark = Long.MAX_VALUE;

  Track(Kind kind) {
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }

  /** A send begins; the same body may be sent again after a failure. */
  synchronized long begin(String body) {
    begun++;
    long now = System.nanoTime();
    attempted.put(body, now);
    return now;
  }

  /** A send ended well; not yet acknowledged if a transaction goes on. */
  synchronized void end(long beginNanos) {
    ended++;
    longestSend = Math.max(longestSend, System.nanoTime() - beginNanos);
  }

  synchronized void fail(long beginNanos, RocketMqException error) {
    end(beginNanos);
    failures.merge(error.kind(), 1, Integer::sum);
    if (error.kind() == ErrorKind.REJECTED) {
      lastRefusal = System.nanoTime();
      firstRefusal = firstRefusal == 0 ? lastRefusal : firstRefusal;
    }
  }

  synchronized void acknowledge(String body, MessageQueue queue) {
    acknowledged.put(body, queue);
    shares.merge(queue, 1, Integer::sum);
    publishedAnywhere.event();
    published.computeIfAbsent(queue.brokerName(), name -> new GapMeter()).event();
  }

  /** A message that nobody may consume. */
  synchronized void forbid(String body) {
    forbidden.add(body);
  }

  synchronized void consume(String body, MessageQueue queue, long offset) {
    highest.merge(queue, offset, Math::max);
    Long begin = attempted.get(body);
    if (begin == null) {
      strangers.add(body.substring(0, Math.min(body.length(), 60)) + " from " + queue);
      return;
    }
    if (forbidden.contains(body)) {
      strangers.add(body + ", which was rolled back, from " + queue);
    }
    consumed.merge(body, 1, Integer::sum);
    // Probes are sent beside each other.
    if (kind == Kind.ORDERLY && !body.startsWith(Load.PROBE)) {
      // A key whose broker is gone moves to a queue of another one, as in Apache's client: the
      // order is each queue's.
      order.add(queue.brokerName() + "." + queue.queueId() + "." + body);
    }
    consumedAnywhere.event();
    consumedFrom.computeIfAbsent(queue.brokerName(), name -> new GapMeter()).event();
    if (begin >= mark) {
      recovered.putIfAbsent(queue, System.nanoTime());
    }
  }

  /** Gaps are measured from now on, and the sends of each queue are counted. */
  synchronized void startGaps() {
    publishedAnywhere.start();
    consumedAnywhere.start();
    published.values().forEach(GapMeter::start);
    consumedFrom.values().forEach(GapMeter::start);
    shares.clear();
    failures.clear();
    firstRefusal = 0;
  }

  synchronized void stopGaps() {
    publishedAnywhere.stop();
    consumedAnywhere.stop();
    published.values().forEach(GapMeter::stop);
    consumedFrom.values().forEach(GapMeter::stop);
  }

  /** Which queues have given a message that was sent from now on is noted anew. */
  synchronized void mark() {
    mark = System.nanoTime();
    recovered.clear();
  }

  /** The queues that have given none since the mark. */
  synchronized Set<MessageQueue> missing(Set<MessageQueue> queues) {
    Set<MessageQueue> missing = new HashSet<>(queues);
    missing.removeAll(recovered.keySet());
    return missing;
  }

  /** When the last of the queues gave one, in seconds since the mark. */
  synchronized double recoveredAfter() {
    return recovered.values().stream().mapToLong(at -> at - mark).max().orElse(0) / 1e9;
  }

  /** What was acknowledged and not consumed, by queue. */
  synchronized Map<MessageQueue, List<String>> lost() {
    Map<MessageQueue, List<String>> lost = new HashMap<>();
    acknowledged.forEach(
        (body, queue) -> {
          if (!consumed.containsKey(body)) {
            lost.computeIfAbsent(queue, key -> new ArrayList<>()).add(body);
          }
        });
    return lost;
  }

  /** The highest offset that was consumed of a queue; -1 when there was none. */
  synchronized long highest(MessageQueue queue) {
    return highest.getOrDefault(queue, -1L);
  }

  synchronized int begun() {
    return begun;
  }

  synchronized int notEnded() {
    return begun - ended;
  }

  synchronized Map<ErrorKind, Integer> failures() {
    return new TreeMap<>(failures);
  }

  synchronized double longestSend() {
    return longestSend / 1e9;
  }

  /** How long sends were refused, in seconds. */
  synchronized double refusedFor() {
    return (lastRefusal - firstRefusal) / 1e9;
  }

  synchronized int duplicates() {
    return consumed.values().stream().mapToInt(times -> times - 1).sum();
  }

  /** What nobody had sent, or what was rolled back. */
  synchronized List<String> strangers() {
    return List.copyOf(strangers);
  }

  List<String> disorder() {
    return order.disorder();
  }

  synchronized Map<MessageQueue, Integer> shares() {
    return new HashMap<>(shares);
  }

  synchronized double publishGap() {
    return publishedAnywhere.seconds();
  }

  synchronized double consumeGap() {
    return consumedAnywhere.seconds();
  }

  synchronized double publishGap(String broker) {
    GapMeter meter = published.get(broker);
    return meter == null ? 0 : meter.seconds();
  }

  synchronized double consumeGap(String broker) {
    GapMeter meter = consumedFrom.get(broker);
    return meter == null ? 0 : meter.seconds();
  }
}
