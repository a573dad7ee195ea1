package io.github.rocketffm.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.NativeLibraryException;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("unit")
class NativeLibraryTest {
  @TempDir Path folder;

  private NativeLibrary loader(Map<String, String> properties) {
    return new NativeLibrary(properties::get, ClassLoader.getPlatformClassLoader());
  }

  @Test
  void aConfiguredFolderOrFileIsTaken() throws Exception {
    Path file = Files.createFile(folder.resolve(NativeLibrary.fileName()));
    assertThat(loader(Map.of(NativeLibrary.PATH_PROPERTY, folder.toString())).find())
        .isEqualTo(file);
    assertThat(loader(Map.of(NativeLibrary.PATH_PROPERTY, file.toString())).find()).isEqualTo(file);
    assertThat(loader(Map.of("java.library.path", "nowhere" + File.pathSeparator + folder)).find())
        .isEqualTo(file);
  }

  @Test
  void whatIsMissingListsAllThatWasTried() {
    assertThatThrownBy(() -> loader(Map.of("java.library.path", folder.toString())).find())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("not set")
        .hasMessageContaining(folder.resolve(NativeLibrary.fileName()).toString())
        .hasMessageContaining("natives/" + NativeLibrary.platform())
        .hasMessageContaining("Set -Drocketmq.library.path");
    assertThatThrownBy(() -> loader(Map.of(NativeLibrary.PATH_PROPERTY, folder.toString())).find())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("there is no file");
  }

  @Test
  void aFileForAnotherPlatformIsNamed() throws Exception {
    Path file = folder.resolve(NativeLibrary.fileName());
    Files.write(file, "MZ is how a Windows library begins".getBytes());
    assertThatThrownBy(() -> NativeLibrary.loadFile(file))
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(NativeLibrary.platform());
  }

  @Test
  void missingFunctionsAreListed() {
    assertThatThrownBy(() -> NativeLibrary.checkSymbols(folder, name -> Optional.empty()))
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("rocketmq_producer_send")
        .hasMessageContaining("older");
  }

  @Test
  void aPathThatIsNoneIsPassedOverAndListed() {
    String impossible = "no\0path";
    assertThatThrownBy(() -> loader(Map.of("java.library.path", impossible)).find())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("java.library.path: ");
  }

  @Test
  void theBundleOnTheClassPathIsTaken() throws Exception {
    Path bundle =
        Files.createDirectories(folder.resolve("jar/natives/" + NativeLibrary.platform()));
    Files.write(bundle.resolve(NativeLibrary.fileName()), new byte[] {1, 2, 3});
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    try (URLClassLoader classes =
        new URLClassLoader(new URL[] {folder.resolve("jar").toUri().toURL()}, null)) {
      Map<String, String> properties =
          Map.of("java.library.path", "", "java.io.tmpdir", temporary.toString());
      Path found = new NativeLibrary(properties::get, classes).find();
      assertThat(found).startsWith(temporary).hasBinaryContent(new byte[] {1, 2, 3});
    }
  }

  @Test
  void manyMayExtractAtOnce() throws Exception {
    byte[] content = {5, 6, 7};
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Path>> extractions = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        extractions.add(executor.submit(() -> NativeLibrary.extract(content, folder)));
      }
      for (Future<Path> extraction : extractions) {
        assertThat(extraction.get()).hasBinaryContent(content);
      }
    }
  }

  @Test
  void aFileInThePlaceOfTheFolderIsRefused() throws Exception {
    Path taken = NativeLibrary.extract(new byte[] {1}, folder).getParent();
    try (var files = Files.list(taken)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(taken);
    Files.write(taken, new byte[] {1});
    assertThatThrownBy(() -> NativeLibrary.extract(new byte[] {1}, folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is no folder");
  }

  @Test
  void theBundleIsExtractedOnceAndMendedWhenChanged() throws Exception {
    byte[] content = {1, 2, 3};
    Path first = NativeLibrary.extract(content, folder);
    assertThat(first).hasBinaryContent(content);
    assertThat(NativeLibrary.extract(content, folder)).isEqualTo(first);
    Files.write(first, new byte[] {9});
    assertThat(NativeLibrary.extract(content, folder)).isEqualTo(first).hasBinaryContent(content);
    assertThat(NativeLibrary.extract(new byte[] {4}, folder)).isNotEqualTo(first);
  }
}
