package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Asynchronous sends whose selector needs the queues of a topic that was not asked for yet: they wait in their order, on
 * a thread that ends with the last of them, so that no caller waits. Any thread.
 */
final class SelectingSends {
  private final int most;

  /** Topics whose queues the library has at hand. */
  private final Set<String> known = ConcurrentHashMap.newKeySet();

  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

  /** Whether the thread is there: then others come behind what it does. */
  private volatile boolean running;

  private record Waiting(CompletableFuture<?> future, long deadline, Runnable begin) {}

  /**
   * For one producer.
   *
   * @param most how many may wait
   */
  SelectingSends(int most) {
    this.most = most;
  }

  void known(String topic) {
    known.add(topic);
  }

  void unknown(String topic) {
    known.remove(topic);
  }

  /** Whether a send may begin on the calling thread: nothing is to be waited for, and none waits before it. */
  boolean mayBegin(String topic) {
    return !running && known.contains(topic);
  }

  /**
   * Begins a send when it is its turn, unless its time is over then.
   *
   * @param deadline by {@link System#nanoTime}
   */
  void add(CompletableFuture<?> future, long deadline, Runnable begin) {
    synchronized (waiting) {
      if (waiting.size() >= most) {
        future.completeExceptionally(
            Failures.of(
                ErrorKind.TOO_MANY_REQUESTS,
                most
                    + " sends wait for the queues that their selectors are to choose from already"));
        return;
      }
      if (!running) {
        Thread thread = Thread.ofPlatform().daemon().name("rocketmq-select").unstarted(this::run);
        thread.start();
        running = true;
      }
      waiting.add(new Waiting(future, deadline, begin));
    }
  }

  private void run() {
    for (; ; ) {
      Waiting next;
      synchronized (waiting) {
        next = waiting.poll();
        if (next == null) {
          running = false;
          return;
        }
      }
      try {
        if (next.deadline - System.nanoTime() > 0) {
          next.begin.run();
        } else {
          next.future.completeExceptionally(tooLate());
        }
      } catch (Throwable e) {
        // What a selector may throw must not end the thread, behind which others wait.
        next.future.completeExceptionally(e);
      }
    }
  }

  private static RocketMqException tooLate() {
    return Failures.of(
        ErrorKind.TIMEOUT,
        "the queues that the selector is to choose from were not known in time; nothing was sent");
  }
}
