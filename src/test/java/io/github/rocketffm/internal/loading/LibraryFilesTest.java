package io.github.rocketffm.internal.loading;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("unit")
class LibraryFilesTest {
  private static final String PATH = "java.library.path";

  @TempDir Path folder;

  /** The name in which the library is found. */
  private Path file;

  @BeforeEach
  void create() throws Exception {
    file = Files.createFile(folder.resolve(Platform.libraryFileName()));
  }

  private static LibraryFiles files(Map<String, String> properties) {
    return new LibraryFiles(properties::get, ClassLoader.getPlatformClassLoader());
  }

  private static Path find(Map<String, String> properties) {
    return files(properties).find(found -> true);
  }

  @Test
  void aConfiguredFolderOrFileIsTaken() {
    assertThat(find(Map.of(NativeLibrary.PATH_PROPERTY, folder.toString()))).isEqualTo(file);
    assertThat(find(Map.of(NativeLibrary.PATH_PROPERTY, file.toString()))).isEqualTo(file);
    assertThat(find(Map.of(PATH, "nowhere" + File.pathSeparator + folder))).isEqualTo(file);
  }

  @Test
  void whatIsConfiguredIsTheOnlyPlace() {
    Map<String, String> properties =
        Map.of(
            NativeLibrary.PATH_PROPERTY,
            folder.resolve("nowhere").toString(),
            PATH,
            folder.toString());
    LibraryFiles files = files(properties);
    assertThat(files.find(found -> true)).isNull();
    assertThat(files.tried()).singleElement().asString().contains("there is no file");
  }

  @Test
  void theRuntimesOwnFolderComesBeforeTheLibraryPath() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    Path inRuntime =
        Files.createFile(
            Files.createDirectory(home.resolve(Platform.isWindows() ? "bin" : "lib"))
                .resolve(Platform.libraryFileName()));
    Map<String, String> properties = Map.of("java.home", home.toString(), PATH, folder.toString());
    assertThat(find(properties)).isEqualTo(inRuntime);
    assertThat(files(properties).find(found -> !found.equals(inRuntime))).isEqualTo(file);
  }

  @Test
  void withoutALibraryPathNoFolderOfThatNameIsSearched() {
    LibraryFiles files = files(Map.of());
    assertThat(files.find(found -> true)).isNull();
    assertThat(String.join("\n", files.tried())).contains("not set").doesNotContain("null");
  }

  @Test
  void allThatWasTriedIsKept() {
    LibraryFiles files = files(Map.of(PATH, folder.resolve("empty").toString()));
    assertThat(files.find(found -> true)).isNull();
    assertThat(String.join("\n", files.tried()))
        .contains("-D" + NativeLibrary.PATH_PROPERTY + ": not set")
        .contains("natives/" + Platform.name())
        .contains(folder.resolve("empty").resolve(Platform.libraryFileName()).toString());
  }

  @Test
  void aPathThatIsNoneIsPassedOver() {
    LibraryFiles files = files(Map.of(PATH, "no\0path"));
    assertThat(files.find(found -> true)).isNull();
    assertThat(files.tried()).anyMatch(each -> each.startsWith(PATH + ": "));
  }

  @Test
  void theBundleComesBeforeTheLibraryPath() throws Exception {
    Path bundle = Files.createDirectories(folder.resolve("jar/natives/" + Platform.name()));
    Files.write(bundle.resolve(Platform.libraryFileName()), new byte[] {1, 2, 3});
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    try (URLClassLoader classes =
        new URLClassLoader(new URL[] {folder.resolve("jar").toUri().toURL()}, null)) {
      Map<String, String> properties =
          Map.of(PATH, folder.toString(), "java.io.tmpdir", temporary.toString());
      Path found = new LibraryFiles(properties::get, classes).find(any -> true);
      assertThat(found).startsWith(temporary).hasBinaryContent(new byte[] {1, 2, 3});
    }
  }
}
