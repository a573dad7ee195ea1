package io.github.rocketffm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The programs that the documents show, besides those of the guide. */
@Tag("unit")
class ReadmeTest {
  private static final Pattern PROGRAM = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern NAME =
      Pattern.compile("^(?:public final |public )?class (\\w+)", Pattern.MULTILINE);

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"README.md, 1", "docs/running.md, 3"})
  void theProgramsCompile(Path document, int count) throws Exception {
    List<MatchResult> programs = PROGRAM.matcher(Files.readString(document)).results().toList();
    assertThat(programs).hasSize(count);
    for (MatchResult program : programs) {
      Matcher name = NAME.matcher(program.group(1));
      assertThat(name.find()).isTrue();
      compile(name.group(1), program.group(1));
    }
  }

  private void compile(String name, String program) throws Exception {
    Path source = Files.writeString(folder.resolve(name + ".java"), program);
    String javac = Path.of(System.getProperty("java.home"), "bin", "javac").toString();
    Process process =
        new ProcessBuilder(
                javac,
                "-Xlint:all,-try",
                "-Werror",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.toString(),
                source.toString())
            .inheritIO()
            .start();
    int status = process.waitFor();
    assertThat(status).isZero();
    assertThat(folder.resolve(name + ".class")).exists();
  }
}
