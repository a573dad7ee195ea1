package io.github.rocketffm.internal.loading;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;

/** Puts the bundled library into a file, as the system loads none from a jar. Any thread, and any process. */
final class LibraryExtraction {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private LibraryExtraction() {}

  /**
   * Writes the library into a folder that is this user's alone, under a name by its content, and verifies it. Several
   * processes may do so at once.
   */
  public static Path extract(byte[] content, String fileName, Path temporary) throws IOException {
    String hash = sha256(content);
    Path folder = privateFolder(temporary);
    Path file = folder.resolve(hash.substring(0, 16) + "-" + fileName);
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
    // Not of the file store, which Java does not find in a root without mounts of its own.
    boolean posix = temporary.getFileSystem().supportedFileAttributeViews().contains("posix");
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
}
