package io.github.rocketffm.internal.calls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the executor does, each end is told once. */
@Tag("unit")
class HandOversTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int COUNT = 3_000;

  private final List<AtomicInteger> told = new ArrayList<>();

  private Ended[] ends(int count) {
    Ended[] ends = new Ended[count];
    for (int i = 0; i < count; i++) {
      AtomicInteger times = new AtomicInteger();
      told.add(times);
      ends[i] = times::incrementAndGet;
    }
    return ends;
  }

  private void giveAll(HandOvers handOvers) {
    for (int i = 0; i < COUNT / 3; i++) {
      assertThat(handOvers.give(ends(3))).isTrue();
    }
  }

  private void awaitEachOnce() {
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(told).allMatch(times -> times.get() >= 1));
    assertThat(told).hasSize(COUNT).allMatch(times -> times.get() == 1);
  }

  private static void refuse() {
    throw new RejectedExecutionException("on purpose");
  }

  private static Executor refusesFirst() {
    AtomicInteger left = new AtomicInteger(COUNT / 3 + 20);
    return task -> {
      if (left.getAndDecrement() > 0) {
        refuse();
      }
      Thread.startVirtualThread(task);
    };
  }

  @Test
  void whatIsRefusedIsHandedOverAgain() {
    HandOvers handOvers = new HandOvers(refusesFirst());
    giveAll(handOvers);
    awaitEachOnce();
    await().atMost(PATIENCE).until(() -> !handOvers.isFull());
  }

  @ParameterizedTest
  @ValueSource(strings = {"runs it and fails", "queues it and fails", "fails", "drops it"})
  void anExecutorMayFailInAnyWay(String way) {
    AtomicInteger calls = new AtomicInteger();
    HandOvers handOvers =
        new HandOvers(
            task -> {
              boolean fails = calls.incrementAndGet() % 2 == 0;
              if (!fails || way.equals("runs it and fails")) {
                task.run();
              }
              if (fails && way.equals("queues it and fails")) {
                Thread.startVirtualThread(task);
              }
              if (fails && !way.equals("drops it")) {
                refuse();
              }
            });
    giveAll(handOvers);
    if (way.equals("drops it")) {
      handOvers.close();
    }
    awaitEachOnce();
  }

  @Test
  void noCallShouldBeginWhileMuchIsRefusedAndACloseTellsAll() {
    HandOvers handOvers = new HandOvers(task -> refuse());
    assertThat(handOvers.isFull()).isFalse();
    giveAll(handOvers);
    assertThat(handOvers.isFull()).isTrue();
    assertThat(told).allMatch(times -> times.get() == 0);
    handOvers.close();
    awaitEachOnce();
    await().atMost(PATIENCE).until(() -> !handOvers.isFull());
    assertThat(handOvers.give(ends(1))).isTrue();
    assertThat(told.getLast()).hasValue(1);
  }

  /** It blocks the thread that hands over again, and nobody else. */
  @Test
  void anExecutorThatRefusesAndThenBlocksHoldsUpNoOther() {
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger calls = new AtomicInteger();
    HandOvers blocked =
        new HandOvers(
            task -> {
              if (calls.incrementAndGet() == 1) {
                refuse();
              }
              try {
                release.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              task.run();
            });
    blocked.give(ends(1));
    AtomicInteger held = told.removeFirst();
    await().atMost(PATIENCE).until(() -> calls.get() == 2);
    giveAll(new HandOvers(refusesFirst()));
    awaitEachOnce();
    assertThat(held).hasValue(0);
    release.countDown();
    await().atMost(PATIENCE).until(() -> held.get() == 1);
  }

  @Test
  void whatIsHandedOverAgainHasTheLoaderOfTheApplication() throws Exception {
    ClassLoader loader = new ClassLoader("application", null) {};
    ClassLoader[] seen = new ClassLoader[1];
    CountDownLatch ran = new CountDownLatch(1);
    AtomicInteger calls = new AtomicInteger();
    Executor executor =
        task -> {
          if (calls.incrementAndGet() == 1) {
            refuse();
          }
          seen[0] = Thread.currentThread().getContextClassLoader();
          task.run();
          ran.countDown();
        };
    Thread application = new Thread(() -> new HandOvers(executor).give(ends(1)));
    application.setContextClassLoader(loader);
    application.start();
    assertThat(ran.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(seen[0]).isSameAs(loader);
  }
}
