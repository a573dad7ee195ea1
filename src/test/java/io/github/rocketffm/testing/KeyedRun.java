package io.github.rocketffm.testing;

import io.github.rocketffm.ReceivedMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Messages with a key and a number, and the deliveries of them that were seen, by whichever consumer: whether each
 * key's messages came in their order. The body is {@code key-number}. Any thread.
 */
public final class KeyedRun {
  private final Map<String, Integer> highest = new HashMap<>();
  private final Set<String> seen = new HashSet<>();
  private final List<String> disorder = new ArrayList<>();
  private int deliveries;

  public static String body(String key, int number) {
    return key + "-" + number;
  }

  public void add(ReceivedMessage message) {
    add(message.bodyAsString());
  }

  /** Counts a delivery; the first one of each message must not come after that of a later one. */
  public synchronized void add(String body) {
    deliveries++;
    if (!seen.add(body)) {
      return;
    }
    int dash = body.lastIndexOf('-');
    String key = body.substring(0, dash);
    int number = Integer.parseInt(body.substring(dash + 1));
    int before = highest.getOrDefault(key, -1);
    if (number < before) {
      disorder.add(body + " came first after " + body(key, before));
    }
    highest.put(key, Math.max(before, number));
  }

  /** What came out of its order. */
  public synchronized List<String> disorder() {
    return List.copyOf(disorder);
  }

  public synchronized Set<String> seen() {
    return Set.copyOf(seen);
  }

  public synchronized int distinct() {
    return seen.size();
  }

  public synchronized int duplicates() {
    return deliveries - seen.size();
  }
}
