package io.github.rocketffm.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unit")
class ScaleOptionsTest {
  private static ScaleOptions parse(String... arguments) {
    return ScaleOptions.parse(arguments);
  }

  @Test
  void aRunMeasuresAllPartsUnlessToldOtherwise() {
    assertThat(parse("--scale")).isEqualTo(new ScaleOptions(3, 1000, 50, ScaleOptions.PARTS));
    assertThat(
            parse(
                "--rounds=1",
                "--scale",
                "--consumers=200",
                "--apache-consumers=0",
                "--parts=consumers,header"))
        .isEqualTo(new ScaleOptions(1, 200, 0, List.of("header", "consumers")));
  }

  @Test
  void itIsMeantByItsOptionAlone() {
    assertThat(ScaleOptions.isMeant(new String[] {"--rounds=3", "--scale"})).isTrue();
    assertThat(ScaleOptions.isMeant(new String[] {"--rounds=3", "--scales"})).isFalse();
  }

  @Test
  void whatIsNoOptionIsNamedWithWhatThereIs() {
    assertThatThrownBy(() -> parse("--scale", "--quick"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no option --quick with --scale")
        .hasMessageContaining("--apache-consumers=N");
    assertThatThrownBy(() -> parse("--scale=2")).hasMessageContaining("--scale takes no value");
    assertThatThrownBy(() -> parse("--rounds=0")).hasMessageContaining("\"0\", outside 1 to 20");
    assertThatThrownBy(() -> parse("--consumers=many"))
        .hasMessageContaining("--consumers is \"many\", outside 1 to 5000");
    assertThatThrownBy(() -> parse("--apache-consumers=201")).hasMessageContaining("0 to 200");
    assertThatThrownBy(() -> parse("--parts=")).hasMessageContaining("choose of header,queues");
  }
}
