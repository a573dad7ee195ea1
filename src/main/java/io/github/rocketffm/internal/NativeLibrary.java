package io.github.rocketffm.internal;

import io.github.rocketffm.NativeLibraryException;
import io.github.rocketffm.internal.binding.Symbols;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Finds and loads librocketmq: the system property {@value #PATH_PROPERTY} (a file or a folder), then
 * java.library.path, then the bundle {@code natives/<os>-<arch>/} on the class path. The first that is there is
 * taken or fails; what is not there is passed over.
 */
public final class NativeLibrary {
  /** A folder that holds the library, or the library itself. */
  public static final String PATH_PROPERTY = "rocketmq.library.path";

  private final List<String> tried = new ArrayList<>();
  private final Function<String, String> properties;
  private final ClassLoader resources;

  NativeLibrary(Function<String, String> properties, ClassLoader resources) {
    this.properties = properties;
    this.resources = resources;
  }

  /** Loads the library once; a failure is thrown again at each later call. */
  public static void load() {
    if (Holder.FAILURE != null) {
      throw new NativeLibraryException(Holder.FAILURE);
    }
  }

  private static final class Holder {
    static final String FAILURE = tryLoad();

    private static String tryLoad() {
      try {
        Path file =
            new NativeLibrary(System::getProperty, NativeLibrary.class.getClassLoader()).find();
        loadFile(file);
        checkSymbols(file, SymbolLookup.loaderLookup());
        return null;
      } catch (NativeLibraryException e) {
        return e.getMessage();
      }
    }
  }

  @SuppressWarnings("restricted")
  static void loadFile(Path file) {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError e) {
      throw new NativeLibraryException(
          "The library "
              + file
              + " cannot be loaded on "
              + platform()
              + ": "
              + e.getMessage()
              + ". Build it for this platform, or set -D"
              + PATH_PROPERTY
              + " to one that fits.");
    }
  }

  static void checkSymbols(Path file, SymbolLookup lookup) {
    List<String> missing =
        Symbols.FUNCTIONS.stream().filter(name -> lookup.find(name).isEmpty()).toList();
    if (!missing.isEmpty()) {
      throw new NativeLibraryException(
          "The library "
              + file
              + " lacks "
              + missing
              + ": it is not librocketmq, or an older one. Use the one that "
              + "belongs to this version of rocketmq-client-ffm.");
    }
  }

  static String fileName() {
    return os().equals("windows") ? "rocketmq.dll" : "librocketmq.so";
  }

  private static String os() {
    String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return name.startsWith("windows")
        ? "windows"
        : name.startsWith("linux") ? "linux" : name.replace(' ', '-');
  }

  static String platform() {
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return os() + "-" + (arch.equals("amd64") ? "x86_64" : arch);
  }

  Path find() {
    String configured = properties.apply(PATH_PROPERTY);
    if (configured != null && !configured.isBlank()) {
      Path path = Path.of(configured).toAbsolutePath();
      Path file = Files.isDirectory(path) ? path.resolve(fileName()) : path;
      if (Files.isRegularFile(file)) {
        return file;
      }
      tried.add("-D" + PATH_PROPERTY + ": there is no file " + file);
      throw notFound();
    }
    tried.add("-D" + PATH_PROPERTY + ": not set");
    for (String folder :
        String.valueOf(properties.apply("java.library.path")).split(File.pathSeparator)) {
      Path file = Path.of(folder.isEmpty() ? "." : folder).resolve(fileName()).toAbsolutePath();
      if (Files.isRegularFile(file)) {
        return file;
      }
      tried.add("java.library.path: there is no file " + file);
    }
    return extracted();
  }

  private Path extracted() {
    String resource = "natives/" + platform() + "/" + fileName();
    try (InputStream in = resources.getResourceAsStream(resource)) {
      if (in == null) {
        tried.add(
            "class path: there is no "
                + resource
                + " (bundled are linux-x86_64 and windows-x86_64)");
        throw notFound();
      }
      return extract(in.readAllBytes(), Path.of(properties.apply("java.io.tmpdir")));
    } catch (IOException e) {
      tried.add("class path: " + resource + " cannot be extracted: " + e);
      throw notFound();
    }
  }

  /** Writes the library into a folder that is this user's alone and named by the content, and verifies it. */
  static Path extract(byte[] content, Path temporary) throws IOException {
    String hash = sha256(content);
    Path folder = temporary.resolve("rocketmq-client-ffm-" + System.getProperty("user.name"));
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(folder);
    }
    boolean posix = Files.getFileStore(folder).supportsFileAttributeView("posix");
    if (posix) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
    Path file = folder.resolve(hash.substring(0, 16) + "-" + fileName());
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        || !Arrays.equals(Files.readAllBytes(file), content)) {
      Path fresh = Files.createTempFile(folder, "new-", ".tmp");
      Files.write(fresh, content);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
    if (!sha256(Files.readAllBytes(file)).equals(hash)) {
      throw new IOException(file + " was changed while it was written");
    }
    return file;
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private NativeLibraryException notFound() {
    return new NativeLibraryException(
        "librocketmq was not found for "
            + platform()
            + ". Tried:\n  "
            + String.join("\n  ", tried)
            + "\nSet -D"
            + PATH_PROPERTY
            + " to the folder of "
            + fileName()
            + ".");
  }
}
