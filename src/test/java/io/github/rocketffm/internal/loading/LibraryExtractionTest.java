package io.github.rocketffm.internal.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("unit")
class LibraryExtractionTest {
  private static final String NAME = "library";

  @TempDir Path folder;

  @Test
  void manyMayExtractAtOnce() throws Exception {
    byte[] content = {5, 6, 7};
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Path>> extractions = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        extractions.add(executor.submit(() -> LibraryExtraction.extract(content, NAME, folder)));
      }
      for (Future<Path> extraction : extractions) {
        assertThat(extraction.get()).hasBinaryContent(content);
      }
    }
  }

  @Test
  void aFileInThePlaceOfTheFolderIsRefused() throws Exception {
    Path taken = LibraryExtraction.extract(new byte[] {1}, NAME, folder).getParent();
    try (var files = Files.list(taken)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(taken);
    Files.write(taken, new byte[] {1});
    assertThatThrownBy(() -> LibraryExtraction.extract(new byte[] {1}, NAME, folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is no folder");
  }

  @Test
  void theBundleIsExtractedOnceAndMendedWhenChanged() throws Exception {
    byte[] content = {1, 2, 3};
    Path first = LibraryExtraction.extract(content, NAME, folder);
    assertThat(first).hasBinaryContent(content);
    assertThat(LibraryExtraction.extract(content, NAME, folder)).isEqualTo(first);
    Files.write(first, new byte[] {9});
    assertThat(LibraryExtraction.extract(content, NAME, folder))
        .isEqualTo(first)
        .hasBinaryContent(content);
    assertThat(LibraryExtraction.extract(new byte[] {4}, NAME, folder)).isNotEqualTo(first);
  }
}
