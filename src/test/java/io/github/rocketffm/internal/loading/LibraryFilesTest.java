package io.github.rocketffm.internal.loading;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.spi.NativeBundle;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
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
    return files(properties).find(found -> null);
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
    assertThat(files.find(found -> null)).isNull();
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
    assertThat(
            files(properties)
                .find(found -> found.equals(inRuntime) ? found + " is not wanted" : null))
        .isEqualTo(file);
  }

  @Test
  void withoutALibraryPathNoFolderOfThatNameIsSearched() {
    LibraryFiles files = files(Map.of());
    assertThat(files.find(found -> null)).isNull();
    assertThat(String.join("\n", files.tried())).contains("not set").doesNotContain("null");
  }

  @Test
  void allThatWasTriedIsKept() {
    LibraryFiles files = files(Map.of(PATH, folder.resolve("empty").toString()));
    assertThat(files.find(found -> null)).isNull();
    assertThat(String.join("\n", files.tried()))
        .contains("-D" + NativeLibrary.PATH_PROPERTY + ": not set")
        .contains("there is no bundle of " + Platform.name())
        .contains(folder.resolve("empty").resolve(Platform.libraryFileName()).toString());
  }

  @Test
  void aPathThatIsNoneIsPassedOver() {
    LibraryFiles files = files(Map.of(PATH, "no\0path"));
    assertThat(files.find(found -> null)).isNull();
    assertThat(files.tried()).anyMatch(each -> each.startsWith(PATH + ": "));
  }

  private Path jar(String name, String platform, int... content) throws Exception {
    Path bundle = Files.createDirectories(folder.resolve(name + "/natives/" + platform));
    byte[] bytes = new byte[content.length];
    for (int i = 0; i < content.length; i++) {
      bytes[i] = (byte) content[i];
    }
    Files.write(
        bundle.resolve(platform.startsWith("windows") ? "rocketmq.dll" : "librocketmq.so"), bytes);
    return folder.resolve(name);
  }

  private Map<String, String> searched() throws Exception {
    Path temporary = Files.createDirectories(folder.resolve("tmp"));
    return Map.of(PATH, folder.toString(), "java.io.tmpdir", temporary.toString());
  }

  private static URLClassLoader classes(Path... jars) throws Exception {
    URL[] urls = new URL[jars.length];
    for (int i = 0; i < jars.length; i++) {
      urls[i] = jars[i].toUri().toURL();
    }
    return new URLClassLoader(urls, NativeLibrary.class.getClassLoader());
  }

  @Test
  void theBundleComesBeforeTheLibraryPath() throws Exception {
    try (URLClassLoader classes = classes(jar("jar", Platform.name(), 1, 2, 3))) {
      Path found = new LibraryFiles(searched()::get, classes).find(any -> null);
      assertThat(found).startsWith(folder.resolve("tmp")).hasBinaryContent(new byte[] {1, 2, 3});
    }
  }

  @Test
  void aBundleIsExtractedWhereItIsAsked() throws Exception {
    Path work = Files.createDirectory(folder.resolve("work"));
    try (URLClassLoader classes = classes(jar("jar", Platform.name(), 1))) {
      Map<String, String> properties =
          Map.of(LibraryFiles.WORK_PROPERTY, work.toString(), "java.io.tmpdir", "nowhere");
      assertThat(new LibraryFiles(properties::get, classes).find(any -> null)).startsWith(work);
    }
  }

  @Test
  void aBundleThatCannotBeExtractedIsToldWithWhatToDo() throws Exception {
    try (URLClassLoader classes = classes(jar("jar", Platform.name(), 1))) {
      LibraryFiles files =
          new LibraryFiles(Map.of("java.io.tmpdir", folder.resolve("no").toString())::get, classes);
      assertThat(files.find(any -> null)).isNull();
      assertThat(String.join("\n", files.tried()))
          .contains("cannot be extracted")
          .contains("-D" + LibraryFiles.WORK_PROPERTY);
    }
  }

  @Test
  void ofTwoBundlesTheOneThatFitsIsTakenAndTheOtherIsNamed() throws Exception {
    Path old = jar("old", Platform.name(), 1);
    try (URLClassLoader classes = classes(old, jar("new", Platform.name(), 2))) {
      LibraryFiles files = new LibraryFiles(searched()::get, classes);
      Path found =
          files.find(
              file -> {
                try {
                  return Files.readAllBytes(file)[0] == 1 ? file + " is of version 0.0.1" : null;
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      assertThat(found).hasBinaryContent(new byte[] {2});
      String address = old.toUri().toURL().toString();
      assertThat(files.tried())
          .anyMatch(
              each ->
                  each.startsWith("the bundle " + address) && each.endsWith("is of version 0.0.1"));
    }
  }

  @Test
  void aBundleOfAnotherPlatformIsToldApart() throws Exception {
    String other = Platform.isWindows() ? "linux-x86_64" : "windows-x86_64";
    try (URLClassLoader classes = classes(jar("jar", other, 1))) {
      LibraryFiles files = new LibraryFiles(Map.<String, String>of()::get, classes);
      assertThat(files.find(any -> null)).isNull();
      assertThat(files.tried())
          .contains(
              "class path and module path: there is no bundle of "
                  + Platform.name()
                  + ", but of "
                  + other);
    }
  }

  /** As a jar of another version, whose class is gone. */
  @Test
  void aProviderThatIsBrokenHidesNoBundle() throws Exception {
    Path broken = folder.resolve("broken");
    Files.createDirectories(broken.resolve("META-INF/services"));
    Files.writeString(
        broken.resolve("META-INF/services/" + NativeBundle.class.getName()), "no.such.Bundle");
    try (URLClassLoader classes = classes(broken, jar("jar", Platform.name(), 1))) {
      LibraryFiles files = new LibraryFiles(searched()::get, classes);
      assertThat(files.find(any -> null)).hasBinaryContent(new byte[] {1});
      assertThat(files.tried()).anyMatch(each -> each.contains("no.such.Bundle"));
    }
  }
}
