package io.github.rocketffm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("unit")
class ReadmeTest {
  @TempDir Path folder;

  @Test
  void theFirstProgramCompiles() throws Exception {
    Matcher program =
        Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("README.md")));
    assertThat(program.find()).isTrue();
    Path source = Files.writeString(folder.resolve("First.java"), program.group(1));
    String javac = Path.of(System.getProperty("java.home"), "bin", "javac").toString();
    Process process =
        new ProcessBuilder(
                javac,
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.toString(),
                source.toString())
            .inheritIO()
            .start();
    int status = process.waitFor();
    assertThat(status).isZero();
    assertThat(folder.resolve("First.class")).exists();
  }
}
