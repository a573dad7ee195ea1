package io.github.rocketffm.internal.loading;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.testing.ChildJvm;
import io.github.rocketffm.testing.StartProgram;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** Java may deny a library the access to native code. */
@Tag("unit")
class DeniedAccessTest {
  @Test
  @EnabledForJreRange(min = JRE.JAVA_24, disabledReason = "the option came with Java 24")
  void theFlagThatAllowsItIsNamedEachTime() throws Exception {
    List<String> denied = List.of("--illegal-native-access=deny");
    try (ChildJvm child = ChildJvm.startAs(StartProgram.class, denied)) {
      int code = child.await(Duration.ofMinutes(1));
      assertThat(code).as(child.output()).isZero();
      assertThat(child.output().lines())
          .filteredOn(line -> line.startsWith("NativeLibraryException: "))
          .hasSize(2)
          .allMatch(line -> line.contains("--enable-native-access=ALL-UNNAMED"));
    }
  }

  @Test
  void withTheFlagItStarts() throws Exception {
    try (ChildJvm child = ChildJvm.start(StartProgram.class, List.of())) {
      int code = child.await(Duration.ofMinutes(1));
      assertThat(code).as(child.output()).isZero();
      assertThat(child.output()).contains("STARTED 0");
    }
  }
}
