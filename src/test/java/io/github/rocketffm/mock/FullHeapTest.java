package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.testing.ChildJvm;
import io.github.rocketffm.testing.FullHeapProgram;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A heap that is full while the library has something to tell ends no virtual machine, and loses nothing. Once for each
 * kind and collector; {@code -Drocketmq.fullheap.runs=20} repeats it.
 */
@Tag("mock")
class FullHeapTest {
  private static final int RUNS = Integer.getInteger("rocketmq.fullheap.runs", 1);

  @ParameterizedTest
  @CsvSource({
    "completions,G1", "completions,Serial", "completions,Parallel",
    "messages,G1", "messages,Serial", "messages,Parallel",
    "checks,G1", "checks,Serial", "checks,Parallel",
    "replies,G1", "replies,Serial", "replies,Parallel",
    "log,G1", "log,Serial", "log,Parallel"
  })
  void aFullHeapEndsNothingAndLosesNothing(String kind, String collector) throws Exception {
    List<String> options = List.of("-Xmx40m", "-XX:+Use" + collector + "GC");
    for (int run = 0; run < RUNS; run++) {
      try (ChildJvm child = ChildJvm.start(FullHeapProgram.class, options, kind)) {
        int code = child.await(Duration.ofMinutes(2));
        assertThat(code).as("run %d: %s", run, child.output()).isZero();
        assertThat(child.output()).contains("COMPLETE");
      }
    }
  }
}
