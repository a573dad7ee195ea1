package io.github.rocketffm.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unit")
class OptionsTest {
  private static Options parse(String... arguments) {
    return Options.parse(arguments);
  }

  @Test
  void aRunMeasuresAllContendersUnlessToldOtherwise() {
    assertThat(parse()).isEqualTo(new Options(false, 9, Options.ALL));
    assertThat(parse("--quick")).isEqualTo(new Options(true, 5, Options.ALL));
    assertThat(parse("--rounds=3", "--contenders=apache,java"))
        .isEqualTo(new Options(false, 3, List.of("java", "apache")));
  }

  @Test
  void whatIsNoOptionIsNamedWithWhatThereIs() {
    assertThatThrownBy(() -> parse("--fast"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--fast")
        .hasMessageContaining("--rounds=N");
    assertThatThrownBy(() -> parse("--rounds=0")).hasMessageContaining("\"0\", outside 1 to 50");
    assertThatThrownBy(() -> parse("--rounds=")).hasMessageContaining("\"\", outside 1 to 50");
    assertThatThrownBy(() -> parse("--contenders=netty"))
        .hasMessageContaining("\"netty\": choose of raw,c,java,apache");
  }
}
