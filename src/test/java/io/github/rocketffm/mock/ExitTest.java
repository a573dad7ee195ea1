package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.testing.ChildJvm;
import io.github.rocketffm.testing.ExitProgram;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * A program may end with sends in flight and clients that nobody closed; {@code -Drocketmq.exit.runs=10} repeats each
 * way as often.
 */
@Tag("mock")
class ExitTest {
  private static final int RUNS = Integer.getInteger("rocketmq.exit.runs", 3);
  private static final int SIGTERM_CODE = 128 + 15;
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final List<String> OPTIONS = List.of("-Xmx64m", "-XX:+UseSerialGC");

  private static ChildJvm start(String way) throws Exception {
    return ChildJvm.start(ExitProgram.class, OPTIONS, way);
  }

  @Test
  void mainMayReturn() throws Exception {
    for (int run = 0; run < RUNS; run++) {
      try (ChildJvm child = start("return")) {
        int code = child.await(LIMIT);
        assertThat(code).as(child.output()).isZero();
        assertThat(child.output()).contains("READY");
      }
    }
  }

  @Test
  void itMayExit() throws Exception {
    for (int run = 0; run < RUNS; run++) {
      try (ChildJvm child = start("exit")) {
        int code = child.await(LIMIT);
        assertThat(code).as(child.output()).isEqualTo(ExitProgram.CODE);
      }
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no signal that asks a process to end")
  void itMayBeTerminated() throws Exception {
    for (int run = 0; run < RUNS; run++) {
      try (ChildJvm child = start("terminated")) {
        await().atMost(LIMIT).until(() -> child.output().contains("READY"));
        child.terminate();
        int code = child.await(LIMIT);
        assertThat(code).as(child.output()).isEqualTo(SIGTERM_CODE);
      }
    }
  }
}
