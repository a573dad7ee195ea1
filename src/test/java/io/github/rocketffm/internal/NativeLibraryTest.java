package io.github.rocketffm.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.NativeLibraryException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
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
    assertThat(loader(Map.of("java.library.path", "/nowhere:" + folder)).find()).isEqualTo(file);
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
