package io.github.rocketffm.internal.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unit")
class JavaNamesTest {
  private static final Pattern FIELD =
      Pattern.compile("(?m)^ +[a-z][\\w* ]*[ *]([a-z]+(?:_[a-z]+)+)(?:\\[\\d+])?;");
  private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
  private static final Pattern NAME = Pattern.compile("(?<![\\w.])[a-z]+(?:_[a-z]+)+");

  @Test
  void settingsHaveTheNamesOfTheBuilders() {
    assertThat(JavaNames.in("producer_options.max_attempts is 99, outside 1 to 16"))
        .isEqualTo("maxAttempts is 99, outside 1 to 16");
    assertThat(JavaNames.in("wait for completions, or raise max_in_flight_count"))
        .isEqualTo("wait for completions, or raise maxInFlight");
    assertThat(JavaNames.in("client_options.name_servers is empty"))
        .isEqualTo("nameServers is empty");
    assertThat(JavaNames.in("producer_options.group is empty")).isEqualTo("group is empty");
    assertThat(JavaNames.in("push_consumer_options.allocation_queues[0].queue_id is -1"))
        .isEqualTo("the strategy's queues[0].queueId is -1");
    assertThat(JavaNames.in("leave delay_level and deliver_at_ms out"))
        .isEqualTo("leave delayLevel and deliverAt (in ms) out");
  }

  @Test
  void whatIsNoSettingStaysAsItIs() {
    for (String text :
        new String[] {
          "the topic \"max_attempts\" is not known",
          "the topic my_topic is not known to 127.0.0.1:9876",
          "name_servers:9876 and queue_id.example cannot be reached, nor host.queue_id",
          "the topic %RETRY%queue_id of eu-queue_id and queue_id-1",
          "plain text",
          ""
        }) {
      assertThat(JavaNames.in(text)).isEqualTo(text);
    }
  }

  @Test
  void aRemarkStaysAsItIs() {
    String remark = "set max_attempts to \"2";
    assertThat(
            JavaNames.in(
                "\"queue_id\" of max_attempts: refused with code 1: "
                    + remark
                    + " (look at send_timeout_ms)",
                remark))
        .isEqualTo(
            "\"queue_id\" of maxAttempts: refused with code 1: "
                + remark
                + " (look at sendTimeout (in ms))");
    // The remark of another server comes first.
    assertThat(JavaNames.in("a: code 3: x, b: code 1: max_attempts, max_attempts", "max_attempts"))
        .isEqualTo("a: code 3: x, b: code 1: max_attempts, maxAttempts");
    assertThat(JavaNames.in("max_attempts, with code 1: max_attempts", ""))
        .isEqualTo("maxAttempts, with code 1: max_attempts");
    assertThat(JavaNames.in("max_attempts is 0", "max_attempts")).isEqualTo("maxAttempts is 0");
  }

  @Test
  void aRemarkThatWasCutStaysAsItIs() {
    String remark = "max_attempts, ".repeat(30);
    assertThat(JavaNames.in("max_attempts: code 1: " + remark.substring(0, 200), remark))
        .isEqualTo("maxAttempts: code 1: " + remark.substring(0, 200));
    assertThat(JavaNames.in("max_attempts: code 1: " + remark, remark.substring(0, 200)))
        .isEqualTo("maxAttempts: code 1: " + remark);
  }

  @Test
  void everyFieldOfTheHeadersHasAName() throws IOException {
    Set<String> fields = new TreeSet<>();
    for (Path header : files(Path.of("headers/rocketmq"))) {
      find(FIELD, Files.readString(header), fields);
    }
    assertThat(fields).contains("delay_level", "max_attempts", "encoded_properties");
    assertThat(fields).allSatisfy(field -> assertThat(JavaNames.in(field)).doesNotContain("_"));
  }

  /** Whatever a text of the library names, be it an error or a log record. */
  @Test
  void everyTextOfTheLibraryIsToldInNamesOfJava() throws IOException {
    Set<String> names = new TreeSet<>();
    for (Path source : files(Path.of("native-build/src"))) {
      for (String line : Files.readAllLines(source)) {
        Matcher literal = LITERAL.matcher(line.replace("'\"'", ""));
        while (!line.strip().startsWith("#include") && literal.find()) {
          find(NAME, literal.group(1), names);
        }
      }
    }
    names.removeIf(name -> name.endsWith("_options"));
    assertThat(names).contains("delay_level", "max_pending_checks");
    assertThat(names).allSatisfy(name -> assertThat(JavaNames.in(name)).doesNotContain("_"));
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> file.toString().matches(".*\\.(h|cpp)")).toList();
    }
  }

  private static void find(Pattern pattern, String text, Set<String> found) {
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      found.add(matcher.group(matcher.groupCount()));
    }
  }
}
