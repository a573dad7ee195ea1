package io.github.rocketffm.internal.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.ClientClosedException;
import io.github.rocketffm.ConflictException;
import io.github.rocketffm.ConnectionLostException;
import io.github.rocketffm.DeadlineExceededException;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.InternalErrorException;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.InvalidStateException;
import io.github.rocketffm.NativeMemoryException;
import io.github.rocketffm.NotSupportedException;
import io.github.rocketffm.ProtocolException;
import io.github.rocketffm.RequestRejectedException;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.TooManyRequestsException;
import io.github.rocketffm.TopicNotFoundException;
import io.github.rocketffm.UnreachableException;
import io.github.rocketffm.internal.memory.NativeError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each status of the C header becomes. */
@Tag("unit")
class FailuresTest {
  private static final Path HEADER = Path.of("headers/rocketmq/status.h");

  /** The names are those of the header, without their prefix. */
  private static final Map<String, Class<? extends RocketMqException>> CLASSES =
      Map.ofEntries(
          Map.entry("INVALID_ARGUMENT", InvalidArgumentException.class),
          Map.entry("INVALID_STATE", InvalidStateException.class),
          Map.entry("CLOSED", ClientClosedException.class),
          Map.entry("TIMEOUT", DeadlineExceededException.class),
          Map.entry("UNREACHABLE", UnreachableException.class),
          Map.entry("CONNECTION_LOST", ConnectionLostException.class),
          Map.entry("TOPIC_NOT_FOUND", TopicNotFoundException.class),
          Map.entry("REJECTED", RequestRejectedException.class),
          Map.entry("TOO_MANY_REQUESTS", TooManyRequestsException.class),
          Map.entry("PROTOCOL_ERROR", ProtocolException.class),
          Map.entry("NOT_SUPPORTED", NotSupportedException.class),
          Map.entry("CONFLICT", ConflictException.class),
          Map.entry("OUT_OF_MEMORY", NativeMemoryException.class),
          Map.entry("INTERNAL_ERROR", InternalErrorException.class));

  private record Status(String name, int number) {}

  private static Set<Status> statuses() throws IOException {
    Matcher define =
        Pattern.compile("^#define ROCKETMQ_(\\w+) (\\d+)$", Pattern.MULTILINE)
            .matcher(Files.readString(HEADER));
    Map<Integer, String> names = new TreeMap<>();
    while (define.find()) {
      String before = names.put(Integer.parseInt(define.group(2)), define.group(1));
      assertThat(before).as("another status with the number %s", define.group(2)).isNull();
    }
    assertThat(names.remove(0)).isEqualTo("OK");
    return names.entrySet().stream()
        .map(each -> new Status(each.getValue(), each.getKey()))
        .collect(Collectors.toSet());
  }

  @Test
  void everyStatusOfTheHeaderHasAKindAndAClass() throws IOException {
    assertThat(statuses())
        .extracting(Status::name)
        .containsExactlyInAnyOrderElementsOf(CLASSES.keySet());
    EnumSet<ErrorKind> ofJava = EnumSet.of(ErrorKind.INTERRUPTED, ErrorKind.NATIVE_LIBRARY);
    assertThat(EnumSet.complementOf(ofJava))
        .extracting(Enum::name)
        .containsExactlyInAnyOrderElementsOf(CLASSES.keySet());
  }

  @ParameterizedTest
  @MethodSource("statuses")
  void aStatusBecomesTheExceptionOfItsName(Status status) {
    NativeError error =
        new NativeError(
            status.number(),
            "the text",
            17,
            "a remark",
            "host:1",
            "orders",
            2,
            Duration.ofMillis(30),
            true);
    RocketMqException failure = Failures.of(error);
    assertThat(failure).isExactlyInstanceOf(CLASSES.get(status.name()));
    assertThat(failure.kind()).isEqualTo(ErrorKind.valueOf(status.name()));
    assertThat(failure).hasMessageContainingAll("the text", status.name());
    assertThat(failure.responseCode()).hasValue(17);
    assertThat(failure.remark()).contains("a remark");
    assertThat(failure.address()).contains("host:1");
    assertThat(failure.topic()).contains("orders");
    assertThat(failure.attempts()).isEqualTo(2);
    assertThat(failure.elapsed()).isEqualTo(Duration.ofMillis(30));
    assertThat(failure.mayBeStored()).isTrue();
    assertThat(Failures.ofEnd(error)).isExactlyInstanceOf(failure.getClass());
    // As a thread that waited for it gets it.
    assertThat(Failures.onThisThread(failure))
        .isNotSameAs(failure)
        .isExactlyInstanceOf(failure.getClass())
        .hasMessage(failure.getMessage());
  }

  /** A later library may have more of them. */
  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 15, 16, Integer.MAX_VALUE})
  void aStatusThatIsNotKnownIsADefect(int status) {
    assertThat(Failures.of(NativeError.of(status, "what is this")))
        .isExactlyInstanceOf(InternalErrorException.class)
        .hasMessageContaining("what is this");
  }

  @Test
  void whatIsAbsentIsTold() {
    RocketMqException failure = Failures.of(NativeError.of(5, "nobody is there"));
    assertThat(failure.responseCode()).isEmpty();
    assertThat(failure.remark()).isEmpty();
    assertThat(failure.address()).isEmpty();
    assertThat(failure.topic()).isEmpty();
    assertThat(failure.attempts()).isZero();
    assertThat(failure.mayBeStored()).isFalse();
  }
}
