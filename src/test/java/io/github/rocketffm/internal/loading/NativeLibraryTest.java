package io.github.rocketffm.internal.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.rocketffm.NativeLibraryException;
import io.github.rocketffm.RocketMq;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("unit")
class NativeLibraryTest {
  @TempDir Path folder;

  private static Path built() {
    return Path.of(System.getProperty(NativeLibrary.PATH_PROPERTY))
        .toAbsolutePath()
        .resolve(Platform.libraryFileName());
  }

  @Test
  void theLibraryOfTheseClassesIsTaken() {
    assertThat(NativeLibrary.refusal(built())).isNull();
    NativeLibrary.load();
  }

  @Test
  void aFileForAnotherPlatformIsNamed() throws Exception {
    Path file = folder.resolve(Platform.libraryFileName());
    Files.write(file, "this is how no library begins".getBytes());
    assertThat(NativeLibrary.refusal(file))
        .contains(file.toString())
        .contains("cannot be loaded on " + Platform.name())
        .contains("build it for this platform");
  }

  @Test
  void theReasonOfTheSystemTellsWhatToDo() {
    assertThat(NativeLibrary.advice("failed to map segment from shared object"))
        .contains("noexec")
        .contains("-Drocketmq.library.workdir");
    assertThat(NativeLibrary.advice("/lib/libc.so.6: version `GLIBC_2.36' not found"))
        .contains("newer glibc");
    assertThat(NativeLibrary.advice("ld-linux-x86-64.so.2: cannot open shared object file"))
        .contains("musl");
  }

  @Test
  void anotherLibraryOfThatNameIsNamed() {
    assertThat(NativeLibrary.refusal(name -> Optional.empty(), "0.1.0"))
        .contains("another library of that name");
  }

  @Test
  void anOlderLibraryIsToldByWhatItLacks() {
    SymbolLookup all = SymbolLookup.libraryLookup(built(), Arena.global());
    SymbolLookup older =
        name -> name.equals("rocketmq_producer_send") ? Optional.empty() : all.find(name);
    assertThat(NativeLibrary.refusal(older, "0.1.0"))
        .contains("[rocketmq_producer_send]")
        .contains("older");
    assertThat(NativeLibrary.refusal(all, "9.9.9"))
        .contains("9.9.9")
        .contains(RocketMq.nativeVersion());
    assertThat(NativeLibrary.refusal(all, RocketMq.nativeVersion() + "-SNAPSHOT")).isNull();
  }

  @Test
  void whatIsMissingListsAllThatWasTried() {
    assertThatThrownBy(
            () -> {
              throw NativeLibrary.notFound(List.of("here: nothing", "there: nothing"));
            })
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("here: nothing")
        .hasMessageContaining("there: nothing")
        .hasMessageContaining("set -Drocketmq.library.path");
  }

  @Test
  void whatIsMissingIsToldAsTheLineToAdd() {
    assertThat(NativeLibrary.remedy("linux-aarch_64", "1.2.3"))
        .contains("io.github.rocketffm:rocketmq-natives:1.2.3")
        .contains("classifier linux-aarch_64")
        .contains("its module io.github.rocketffm.natives.linux.aarch_64;")
        .contains("the module io.github.rocketffm.natives;")
        .contains("--bind-services");
    assertThat(NativeLibrary.remedy("linux-x86_64-musl", "1.2.3"))
        .contains("No bundle of linux-x86_64-musl is published")
        .doesNotContain("dependency");
  }
}
