package io.github.rocketffm.internal.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.OperationInterruptedException;
import io.github.rocketffm.RocketMqException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unit")
class OffCarrierTest {
  private static final int LIMIT_MILLIS = 2000;

  private final CountDownLatch end = new CountDownLatch(1);
  private final OffCarrier offCarrier = new OffCarrier();

  @AfterEach
  void end() {
    end.countDown();
  }

  private void block() {
    try {
      end.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** What a call on a virtual thread that does not end is told, and when. */
  private RocketMqException failure(boolean sends) throws Exception {
    AtomicReference<RocketMqException> failure = new AtomicReference<>();
    long begin = System.nanoTime();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                offCarrier.run(LIMIT_MILLIS, sends, this::block);
              } catch (RocketMqException e) {
                failure.set(e);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            })
        .join(Duration.ofSeconds(30));
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isLessThan(Duration.ofMillis(2 * LIMIT_MILLIS + 1000));
    return failure.get();
  }

  @Test
  void aCallThatDoesNotEndIsLeftSoonAfterItsLimit() throws Exception {
    assertThat(failure(true))
        .isInstanceOf(DeadlineExceededException.class)
        .hasMessageContaining("did not end within " + LIMIT_MILLIS + " ms")
        .matches(RocketMqException::mayBeStored);
  }

  /** As many calls as there are threads. */
  private CompletableFuture<Void> occupyAllThreads() throws Exception {
    CompletableFuture<?>[] others = new CompletableFuture<?>[16];
    CountDownLatch begun = new CountDownLatch(others.length);
    for (int i = 0; i < others.length; i++) {
      CompletableFuture<Void> other = new CompletableFuture<>();
      others[i] = other;
      Thread.startVirtualThread(
          () -> {
            try {
              offCarrier.run(
                  60_000,
                  false,
                  () -> {
                    begun.countDown();
                    block();
                  });
              other.complete(null);
            } catch (Exception e) {
              other.completeExceptionally(e);
            }
          });
    }
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    return CompletableFuture.allOf(others);
  }

  @Test
  void aCallThatGetsNoThreadIsNotMade() throws Exception {
    CompletableFuture<Void> others = occupyAllThreads();
    assertThat(failure(true))
        .isInstanceOf(DeadlineExceededException.class)
        .hasMessageContaining("did not begin within " + LIMIT_MILLIS + " ms")
        .matches(e -> !e.mayBeStored());
    end.countDown();
    others.get(30, TimeUnit.SECONDS);
  }

  @Test
  void anInterruptWithdrawsACallThatHasNotBegun() throws Exception {
    CompletableFuture<Void> others = occupyAllThreads();
    AtomicBoolean made = new AtomicBoolean();
    CompletableFuture<RocketMqException> failure = new CompletableFuture<>();
    Thread thread =
        Thread.startVirtualThread(
            () -> {
              try {
                offCarrier.run(60_000, true, () -> made.set(true));
              } catch (RocketMqException e) {
                failure.complete(e);
              } catch (Exception e) {
                failure.completeExceptionally(e);
              }
            });
    thread.interrupt();
    assertThat(failure.get(30, TimeUnit.SECONDS))
        .isInstanceOf(OperationInterruptedException.class)
        .hasMessageContaining("was interrupted before the call began: it was not made")
        .matches(e -> !e.mayBeStored());
    end.countDown();
    others.get(30, TimeUnit.SECONDS);
    assertThat(made).isFalse();
  }
}
