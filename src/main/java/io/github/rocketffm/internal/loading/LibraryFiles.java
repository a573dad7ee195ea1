package io.github.rocketffm.internal.loading;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/** Where librocketmq may be, in the order in which {@link NativeLibrary} tells of; and what was tried. */
final class LibraryFiles {
  private final List<String> tried = new ArrayList<>();
  private final Function<String, String> properties;
  private final ClassLoader resources;

  LibraryFiles(Function<String, String> properties, ClassLoader resources) {
    this.properties = properties;
    this.resources = resources;
  }

  /** For the text of a failure. */
  List<String> tried() {
    return tried;
  }

  /** A file that is there was refused. */
  void refused(String reason) {
    tried.add(reason);
  }

  /** The first one that is there and is accepted; null where none is. What is configured is the only one. */
  Path find(Predicate<Path> accept) {
    String configured = properties.apply(NativeLibrary.PATH_PROPERTY);
    if (configured != null && !configured.isBlank()) {
      return first("-D" + NativeLibrary.PATH_PROPERTY, List.of(configured), accept);
    }
    tried.add("-D" + NativeLibrary.PATH_PROPERTY + ": not set");
    Path bundled = bundled();
    if (bundled != null && accept.test(bundled)) {
      return bundled;
    }
    Path inRuntime = first("the Java runtime", runtimeFolders(), accept);
    return inRuntime != null ? inRuntime : first("java.library.path", libraryPath(), accept);
  }

  private Path first(String source, List<String> names, Predicate<Path> accept) {
    for (String name : names) {
      Path file = fileIn(source, name);
      if (file != null && accept.test(file)) {
        return file;
      }
    }
    return null;
  }

  /** Where jlink puts the libraries of modules. */
  private List<String> runtimeFolders() {
    String home = properties.apply("java.home");
    if (home == null) {
      return List.of();
    }
    return List.of(home + File.separator + (Platform.isWindows() ? "bin" : "lib"));
  }

  private List<String> libraryPath() {
    String path = properties.apply("java.library.path");
    List<String> folders = new ArrayList<>();
    if (path != null) {
      for (String folder : path.split(File.pathSeparator)) {
        folders.add(folder.isEmpty() ? "." : folder);
      }
    }
    return folders;
  }

  /** The library in a folder, or the file itself; null, and noted, when it is not there. */
  private Path fileIn(String source, String name) {
    try {
      Path path = Path.of(name).toAbsolutePath();
      Path file =
          Files.isRegularFile(path) && source.startsWith("-D")
              ? path
              : path.resolve(Platform.libraryFileName());
      if (Files.isRegularFile(file)) {
        return file;
      }
      tried.add(source + ": there is no file " + file);
    } catch (InvalidPathException e) {
      tried.add(source + ": " + e.getMessage());
    }
    return null;
  }

  private Path bundled() {
    String resource = "natives/" + Platform.name() + "/" + Platform.libraryFileName();
    try (InputStream in = resources.getResourceAsStream(resource)) {
      if (in == null) {
        tried.add("class path: there is no " + resource);
        return null;
      }
      return LibraryExtraction.extract(
          in.readAllBytes(),
          Platform.libraryFileName(),
          Path.of(properties.apply("java.io.tmpdir")));
    } catch (IOException e) {
      tried.add(
          "class path: "
              + resource
              + " cannot be extracted: "
              + e
              + "; set -Djava.io.tmpdir to a folder that can be written to");
      return null;
    }
  }
}
