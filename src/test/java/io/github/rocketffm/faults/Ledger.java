package io.github.rocketffm.faults;

import io.github.rocketffm.MessageQueue;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;

/** The {@link Track}s of all kinds, and who runs a listener for which queue of the orderly group. Any thread. */
final class Ledger {
  private final Map<Kind, Track> tracks = new EnumMap<>(Kind.class);
  private final Map<MessageQueue, Map<String, Integer>> running = new HashMap<>();
  private final Set<String> shared = new TreeSet<>();

  Ledger() {
    for (Kind kind : Kind.values()) {
      tracks.put(kind, new Track(kind));
    }
  }

  Track of(Kind kind) {
    return tracks.get(kind);
  }

  Iterable<Track> all() {
    return tracks.values();
  }

  /** The largest of all kinds' values. */
  double worst(ToDoubleFunction<Track> value) {
    return tracks.values().stream().mapToDouble(value).max().orElseThrow();
  }

  int sum(ToIntFunction<Track> value) {
    return tracks.values().stream().mapToInt(value).sum();
  }

  void startGaps() {
    tracks.values().forEach(Track::startGaps);
  }

  void stopGaps() {
    tracks.values().forEach(Track::stopGaps);
  }

  void mark() {
    tracks.values().forEach(Track::mark);
  }

  /** The queues that have given nothing since the mark. */
  Set<MessageQueue> missing(Map<Kind, Set<MessageQueue>> queues) {
    Set<MessageQueue> missing = new HashSet<>();
    queues.forEach((kind, each) -> missing.addAll(of(kind).missing(each)));
    return missing;
  }

  int lost() {
    return sum(track -> track.lost().values().stream().mapToInt(List::size).sum());
  }

  /** A listener of an orderly member begins. */
  synchronized void enter(MessageQueue queue, String member) {
    Map<String, Integer> members = running.computeIfAbsent(queue, key -> new HashMap<>());
    members.merge(member, 1, Integer::sum);
    if (members.size() > 1 || members.get(member) > 1) {
      shared.add(queue + " by " + members);
    }
  }

  synchronized void leave(MessageQueue queue, String member) {
    running.get(queue).computeIfPresent(member, (key, count) -> count > 1 ? count - 1 : null);
  }

  /** The queues of the orderly group that had two listeners at once. */
  synchronized List<String> shared() {
    return List.copyOf(shared);
  }
}
