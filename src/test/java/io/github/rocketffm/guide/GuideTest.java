package io.github.rocketffm.guide;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.testing.SharedServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The programs of docs/guide.md: each is a class of this package, shown as it is, and does what it says. */
@Tag("broker")
class GuideTest {
  private static final Path SOURCES = Path.of("src/test/java/io/github/rocketffm/guide");

  private record Program(String name, String text) {}

  private static List<Program> programs() throws IOException {
    List<Program> programs = new ArrayList<>();
    Matcher block =
        Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs/guide.md")));
    while (block.find()) {
      Matcher name = Pattern.compile("public final class (\\w+)").matcher(block.group(1));
      assertThat(name.find()).as("a program of the guide is a class: %s", block.group(1)).isTrue();
      programs.add(new Program(name.group(1), block.group(1)));
    }
    return programs;
  }

  @Test
  void everyExampleIsInTheGuide() throws IOException {
    try (var files = Files.list(SOURCES)) {
      List<String> examples =
          files
              .map(file -> file.getFileName().toString().replace(".java", ""))
              .filter(name -> name.endsWith("Example"))
              .toList();
      assertThat(programs())
          .extracting(Program::name)
          .containsExactlyInAnyOrderElementsOf(examples);
    }
  }

  @TestFactory
  List<DynamicTest> everyProgramIsShownAsItIsAndRuns() throws IOException {
    return programs().stream()
        .map(program -> DynamicTest.dynamicTest(program.name(), () -> check(program)))
        .toList();
  }

  private static void check(Program program) throws Exception {
    String source = Files.readString(SOURCES.resolve(program.name() + ".java"));
    String shown = source.substring(source.indexOf("import ")).stripTrailing();
    assertThat(program.text().stripTrailing())
        .as("docs/guide.md shows %s.java, without its package", program.name())
        .isEqualTo(shown);
    String[] arguments = {SharedServer.get().nameServerAddress()};
    Class.forName("io.github.rocketffm.guide." + program.name())
        .getMethod("main", String[].class)
        .invoke(null, (Object) arguments);
  }
}
