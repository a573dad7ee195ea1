package io.github.rocketffm.internal.loading;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where librocketmq may be, in the order in which {@link NativeLibrary} tells of; and what was tried. */
final class LibraryFiles {
  /** Where bundles are extracted; java.io.tmpdir where it is not set. */
  static final String WORK_PROPERTY = "rocketmq.library.workdir";

  private static final Logger LOGGER = LoggerFactory.getLogger(LibraryFiles.class);

  private final List<String> tried = new ArrayList<>();
  private final Function<String, String> properties;
  private final LibraryBundles bundles;

  LibraryFiles(Function<String, String> properties, ClassLoader classes) {
    this.properties = properties;
    bundles = new LibraryBundles(classes, tried);
  }

  /** For the text of a failure. */
  List<String> tried() {
    return tried;
  }

  /**
   * The first one that is there and is not refused; null where none is. What is configured is the only one.
   *
   * @param refusal why a file is not taken; null where it is
   */
  Path find(Function<Path, String> refusal) {
    String configured = properties.apply(NativeLibrary.PATH_PROPERTY);
    if (configured != null && !configured.isBlank()) {
      return first("-D" + NativeLibrary.PATH_PROPERTY, List.of(configured), refusal);
    }
    tried.add("-D" + NativeLibrary.PATH_PROPERTY + ": not set");
    Path bundled = bundled(refusal);
    if (bundled != null) {
      return bundled;
    }
    Path inRuntime = first("the Java runtime", runtimeFolders(), refusal);
    return inRuntime != null ? inRuntime : first("java.library.path", libraryPath(), refusal);
  }

  private Path first(String source, List<String> names, Function<Path, String> refusal) {
    for (String name : names) {
      Path file = fileIn(source, name);
      if (file != null && isTaken(file, "", refusal)) {
        return file;
      }
    }
    return null;
  }

  private boolean isTaken(Path file, String of, Function<Path, String> refusal) {
    String reason = refusal.apply(file);
    if (reason != null) {
      tried.add(of + reason);
    }
    return reason == null;
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

  private Path bundled(Function<Path, String> refusal) {
    List<URL> bundles = this.bundles.of(Platform.name());
    if (bundles.isEmpty()) {
      tried.add(missingBundle());
    }
    if (bundles.size() > 1) {
      LOGGER.warn("librocketmq is in {} jars: {}; keep one of them", bundles.size(), bundles);
    }
    for (URL bundle : bundles) {
      Path file = extract(bundle);
      if (file != null && isTaken(file, "the bundle " + bundle + ": ", refusal)) {
        return file;
      }
    }
    return null;
  }

  private String missingBundle() {
    Set<String> others = bundles.platforms();
    String there = others.isEmpty() ? "" : ", but of " + String.join(", ", others);
    return "class path and module path: there is no bundle of " + Platform.name() + there;
  }

  /** Not by a cache, which would keep the jar open when its class loader is gone. */
  private static InputStream open(URL bundle) throws IOException {
    URLConnection connection = bundle.openConnection();
    connection.setUseCaches(false);
    return connection.getInputStream();
  }

  private Path extract(URL bundle) {
    String work = properties.apply(WORK_PROPERTY);
    try (InputStream in = open(bundle)) {
      return LibraryExtraction.extract(
          in.readAllBytes(),
          Platform.libraryFileName(),
          Path.of(work == null || work.isBlank() ? properties.apply("java.io.tmpdir") : work));
    } catch (IOException | InvalidPathException e) {
      tried.add(
          "the bundle "
              + bundle
              + " cannot be extracted: "
              + e
              + "; set -D"
              + WORK_PROPERTY
              + " to a folder that can be written to");
      return null;
    }
  }
}
