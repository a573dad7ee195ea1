package io.github.rocketffm.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Some of the faults of {@code ./dev faults}, for a shorter time. */
@Tag("faults")
class FaultsTest {
  private static final double SCALE = 0.2;

  @ParameterizedTest
  @ValueSource(strings = {"frozen", "resets-mid-frame"})
  void whatFailsHarmsItselfAlone(String name) throws Exception {
    List<Outcome> outcomes = Faults.run(List.of(Scenarios.named(name)), SCALE);
    assertThat(outcomes.getFirst().violations()).isEmpty();
  }
}
