package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.testing.ChildJvm;
import io.github.rocketffm.testing.ExitProgram;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A program may end with sends in flight and clients that nobody closed; {@code -Drocketmq.exit.runs=10} repeats each
 * way as often.
 */
@Tag("mock")
@Timeout(value = 30, unit = TimeUnit.MINUTES) // A hundred runs of each take so long.
class ExitTest {
  private static final int RUNS = Integer.getInteger("rocketmq.exit.runs", 3);
  private static final int SIGTERM_CODE = 128 + 15;
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final List<String> OPTIONS = List.of("-Xmx64m", "-XX:+UseSerialGC");

  /** Whether a shutdown hook takes two seconds, in which it sends. */
  private static ChildJvm start(String way, boolean slow) throws Exception {
    return slow
        ? ChildJvm.start(ExitProgram.class, OPTIONS, way, "slow")
        : ChildJvm.start(ExitProgram.class, OPTIONS, way);
  }

  private static void assertEnd(ChildJvm child, int expected, boolean slow) throws Exception {
    int code = child.await(LIMIT);
    assertThat(code).as(child.output()).isEqualTo(expected);
    if (slow) {
      assertThat(child.output()).containsPattern("ENDED AT EXIT: [1-9]");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void mainMayReturn(boolean slow) throws Exception {
    for (int run = 0; run < RUNS; run++) {
      try (ChildJvm child = start("return", slow)) {
        assertEnd(child, 0, slow);
        assertThat(child.output()).contains("READY");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void itMayExit(boolean slow) throws Exception {
    for (int run = 0; run < RUNS; run++) {
      try (ChildJvm child = start("exit", slow)) {
        assertEnd(child, ExitProgram.CODE, slow);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no signal that asks a process to end")
  void itMayBeTerminated(boolean slow) throws Exception {
    for (int run = 0; run < RUNS; run++) {
      try (ChildJvm child = start("terminated", slow)) {
        await().atMost(LIMIT).until(() -> child.output().contains("READY"));
        child.terminate();
        assertEnd(child, SIGTERM_CODE, slow);
      }
    }
  }
}
