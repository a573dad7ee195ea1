package io.github.rocketffm.internal.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unit")
class JavaNamesTest {
  @Test
  void settingsHaveTheNamesOfTheBuilders() {
    assertThat(JavaNames.in("producer_options.max_attempts is 99, outside 1 to 16"))
        .isEqualTo("maxAttempts is 99, outside 1 to 16");
    assertThat(JavaNames.in("wait for completions, or raise max_in_flight_count"))
        .isEqualTo("wait for completions, or raise maxInFlight");
    assertThat(JavaNames.in("client_options.name_servers is empty"))
        .isEqualTo("nameServers is empty");
    assertThat(JavaNames.in("producer_options.group is empty")).isEqualTo("group is empty");
  }

  @Test
  void whatIsNoSettingStaysAsItIs() {
    for (String text :
        new String[] {
          "the topic \"max_attempts\" is not known",
          "the topic my_topic is not known to 127.0.0.1:9876",
          "plain text",
          ""
        }) {
      assertThat(JavaNames.in(text)).isEqualTo(text);
    }
  }
}
