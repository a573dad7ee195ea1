package io.github.rocketffm.internal;

import io.github.rocketffm.NativeLibraryException;
import io.github.rocketffm.internal.binding.Symbols;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.SymbolLookup;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * Finds and loads librocketmq: the system property {@value #PATH_PROPERTY} (a file or a folder), then
 * java.library.path, then the bundle {@code natives/<os>-<arch>/} on the class path. The first that is there is
 * taken or fails; what is not there is passed over.
 */
public final class NativeLibrary {
  /** A folder that holds the library, or the library itself. */
  public static final String PATH_PROPERTY = "rocketmq.library.path";

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

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
      } catch (RuntimeException e) {
        return "librocketmq could not be loaded for " + platform() + ": " + e;
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
      Path file = fileIn("-D" + PATH_PROPERTY, configured);
      if (file != null) {
        return file;
      }
      throw notFound();
    }
    tried.add("-D" + PATH_PROPERTY + ": not set");
    for (String folder :
        String.valueOf(properties.apply("java.library.path")).split(File.pathSeparator)) {
      Path file = fileIn("java.library.path", folder.isEmpty() ? "." : folder);
      if (file != null) {
        return file;
      }
    }
    return extracted();
  }

  /** The library in a folder, or the file itself; null, and noted, when it is not there. */
  private Path fileIn(String source, String name) {
    try {
      Path path = Path.of(name).toAbsolutePath();
      Path file =
          Files.isRegularFile(path) && source.startsWith("-D") ? path : path.resolve(fileName());
      if (Files.isRegularFile(file)) {
        return file;
      }
      tried.add(source + ": there is no file " + file);
    } catch (InvalidPathException e) {
      tried.add(source + ": " + e.getMessage());
    }
    return null;
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

  /**
   * Writes the library into a folder that is this user's alone, under a name by its content, and verifies it. Several
   * processes may do so at once.
   */
  static Path extract(byte[] content, Path temporary) throws IOException {
    String hash = sha256(content);
    Path folder = privateFolder(temporary);
    Path file = folder.resolve(hash.substring(0, 16) + "-" + fileName());
    if (!holds(file, content)) {
      Path fresh = Files.createTempFile(folder, "new-", ".tmp");
      try {
        Files.write(fresh, content);
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        // Windows does not replace a library that another process has loaded meanwhile.
        if (!holds(file, content)) {
          throw e;
        }
      } finally {
        Files.deleteIfExists(fresh);
      }
    }
    if (!holds(file, content)) {
      throw new IOException(file + " was changed while it was written");
    }
    return file;
  }

  private static boolean holds(Path file, byte[] content) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Arrays.equals(Files.readAllBytes(file), content);
  }

  /** Others may write to the temporary folder: what is not this user's own, and closed to others, is refused. */
  private static Path privateFolder(Path temporary) throws IOException {
    String user = System.getProperty("user.name").replaceAll("[^A-Za-z0-9._-]", "_");
    Path folder = temporary.resolve("rocketmq-client-ffm-" + user);
    boolean posix = Files.getFileStore(temporary).supportsFileAttributeView("posix");
    try {
      if (posix) {
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
      } else {
        Files.createDirectory(folder);
      }
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(folder + " is there, and is no folder: remove it", e);
      }
    }
    if (posix) {
      requireOwn(folder, temporary);
    }
    return folder;
  }

  private static void requireOwn(Path folder, Path temporary) throws IOException {
    // Whoever owns what this process creates is this process's user.
    Path probe = Files.createTempFile(temporary, "rocketmq-client-ffm-", ".owner");
    try {
      UserPrincipal self = Files.getOwner(probe, LinkOption.NOFOLLOW_LINKS);
      UserPrincipal owner = Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS);
      if (!owner.equals(self)) {
        throw new IOException(
            folder
                + " belongs to "
                + owner
                + ", not to "
                + self
                + ", who could change it: remove it");
      }
    } finally {
      Files.deleteIfExists(probe);
    }
    Files.setPosixFilePermissions(folder, OWNER_ONLY);
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
