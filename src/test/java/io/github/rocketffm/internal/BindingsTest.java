package io.github.rocketffm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.internal.binding.Symbols;
import io.github.rocketffm.internal.loading.NativeLibrary;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The bindings say what the C compiler says. */
@Tag("unit")
class BindingsTest {
  private static final String PACKAGE = "io.github.rocketffm.internal.binding.";

  private static List<String> compilersView() throws Exception {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    Path program =
        Path.of(System.getProperty("rocketmq.library.path"))
            .resolve("rocketmq-abi-layout" + (windows ? ".exe" : ""))
            .toAbsolutePath();
    Process process = new ProcessBuilder(program.toString()).start();
    List<String> lines = process.inputReader().lines().toList();
    assertThat(process.waitFor()).isZero();
    return lines;
  }

  private static MemoryLayout layout(String struct) throws Exception {
    return (MemoryLayout) Class.forName(PACKAGE + struct).getMethod("layout").invoke(null);
  }

  /** Function types have no layout. */
  private static boolean isStruct(String name) {
    try {
      Class.forName(PACKAGE + name).getMethod("layout");
      return true;
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }

  @Test
  void structsFieldsAndConstantsAreTheCompilers() throws Exception {
    List<String> lines = compilersView();
    assertThat(lines).hasSizeGreaterThan(100);
    for (String line : lines) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "struct" ->
            assertThat(layout(words[1]).byteSize()).as(line).isEqualTo(Long.parseLong(words[2]));
        case "field" -> {
          String[] names = words[1].split("\\.");
          MemoryLayout struct = layout(names[0]);
          PathElement field = PathElement.groupElement(names[1]);
          assertThat(struct.byteOffset(field)).as(line).isEqualTo(Long.parseLong(words[2]));
          assertThat(struct.select(field).byteSize()).as(line).isEqualTo(Long.parseLong(words[3]));
        }
        default ->
            assertThat(Class.forName(PACKAGE + "Rocketmq").getMethod(words[1]).invoke(null))
                .as(line)
                .isEqualTo(Integer.parseInt(words[2]));
      }
    }
    long structs = lines.stream().filter(line -> line.startsWith("struct ")).count();
    try (var generated = Files.list(Path.of("generated", PACKAGE.replace('.', '/')))) {
      long layouts =
          generated
              .map(file -> file.getFileName().toString().replace(".java", ""))
              .filter(name -> name.startsWith("rocketmq_") && isStruct(name))
              .count();
      assertThat(layouts).isEqualTo(structs);
    }
    assertThat(layout("rocketmq_error")).isInstanceOf(GroupLayout.class);
  }

  @Test
  void everyFunctionOfTheHeaderIsBoundAndInTheLibrary() throws Exception {
    StringBuilder headers = new StringBuilder();
    try (var files = Files.newDirectoryStream(Path.of("headers/rocketmq"), "*.h")) {
      for (Path file : files) {
        headers.append(Files.readString(file));
      }
    }
    List<String> functions =
        Pattern.compile("ROCKETMQ_API\\s+[\\w ]+?\\**\\s*\\*?(rocketmq_\\w+)\\(")
            .matcher(headers)
            .results()
            .map(match -> match.group(1))
            .sorted()
            .toList();
    assertThat(functions).hasSizeGreaterThan(20);
    assertThat(Symbols.FUNCTIONS).containsExactlyElementsOf(functions);
    // Which looks for each of them.
    NativeLibrary.load();
  }
}
