package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.testing.BatchProgram;
import io.github.rocketffm.testing.ChildJvm;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Native memory that waits for the garbage collector counts against a limit, and nobody may ask for a collection. */
@Tag("mock")
class BatchMemoryMockTest {
  @Test
  void batchesAndReceivesLeaveNoneBehind() throws Exception {
    List<String> options =
        List.of("-Xmx256m", "-XX:MaxDirectMemorySize=64m", "-XX:+DisableExplicitGC");
    try (ChildJvm child = ChildJvm.start(BatchProgram.class, options)) {
      int code = child.await(Duration.ofMinutes(3));
      assertThat(code).as(child.output()).isZero();
      assertThat(child.output()).contains("READY");
    }
  }
}
