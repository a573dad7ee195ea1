package io.github.rocketffm.internal.loading;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMq;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.internal.binding.Symbols;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;

/**
 * Finds and loads librocketmq: the system property {@value #PATH_PROPERTY} (a file or a folder), and where that is not
 * set, the bundle on the class path or module path, the folder of a Java runtime that jlink made, and
 * java.library.path. What is not there, or is another library of that name or another version, is passed over.
 *
 * <p>Not by System.load, which refuses a second class loader: any number share the library, and it stays loaded.
 */
public final class NativeLibrary {
  /** A folder that holds the library, or the library itself. */
  public static final String PATH_PROPERTY = "rocketmq.library.path";

  private NativeLibrary() {}

  /** Loads the library once; a failure is thrown again at each later call. */
  public static void load() {
    if (Holder.FAILURE != null) {
      throw Holder.FAILURE.toBuilder().cause(Holder.FAILURE.getCause()).build();
    }
  }

  private static final class Holder {
    static final RocketMqException FAILURE = tryLoad();

    private static RocketMqException tryLoad() {
      try {
        load(new LibraryFiles(System::getProperty, NativeLibrary.class.getClassLoader()));
        return null;
      } catch (RocketMqException e) {
        return e;
      } catch (IllegalCallerException e) {
        return denied(e);
      } catch (RuntimeException | LinkageError e) {
        return failure("librocketmq could not be loaded for " + Platform.name() + ": " + e, e);
      }
    }
  }

  private static void load(LibraryFiles files) {
    Path found = files.find(NativeLibrary::refusal);
    if (found == null) {
      throw notFound(files.tried());
    }
    Symbols.use(open(found));
  }

  /** Why a file is not taken; null where it is. */
  static String refusal(Path file) {
    SymbolLookup lookup;
    try {
      lookup = open(file);
    } catch (IllegalArgumentException e) {
      return file + " cannot be loaded on " + Platform.name() + ": " + reason(file);
    }
    String refusal = refusal(lookup, RocketMq.version());
    return refusal == null ? null : file + " " + refusal;
  }

  /** It stays for ever: its threads may outlive whoever loaded it. */
  @SuppressWarnings("restricted")
  private static SymbolLookup open(Path file) {
    return SymbolLookup.libraryLookup(file, Arena.global());
  }

  /** What the system says of a file that cannot be opened, and what to do. */
  @SuppressWarnings("restricted")
  private static String reason(Path file) {
    try {
      System.load(file.toString());
      return "no reason is known";
    } catch (UnsatisfiedLinkError e) {
      String text = String.valueOf(e.getMessage());
      return text + advice(text);
    }
  }

  static String advice(String reason) {
    if (reason.contains("failed to map segment") || reason.contains("Operation not permitted")) {
      return " (its folder may be mounted noexec: set -D"
          + LibraryFiles.WORK_PROPERTY
          + ", or -D"
          + PATH_PROPERTY
          + ", to one that is not)";
    }
    if (reason.contains("GLIBC")) {
      return " (it was built for a newer glibc than this system's: build it here)";
    }
    if (reason.contains("ld-linux") || reason.contains("ld-musl") || reason.contains("libc.so.6")) {
      return " (it was built for another C library: Alpine has musl, and needs one that was built there)";
    }
    return " (build it for this platform)";
  }

  /** Of a library that could be opened. */
  static String refusal(SymbolLookup lookup, String version) {
    List<String> missing =
        Symbols.FUNCTIONS.stream().filter(name -> lookup.find(name).isEmpty()).toList();
    if (missing.size() == Symbols.FUNCTIONS.size()) {
      return "has none of the functions that are needed: it is another library of that name";
    }
    if (!missing.isEmpty()) {
      return "lacks " + missing + ": it is older than these classes";
    }
    String found = version(lookup);
    // Of a pre-release, the native library has the number alone; what no build has filled in says
    // nothing.
    String wanted = version.replaceFirst("-.*", "");
    if (!found.equals(wanted) && wanted.matches("[0-9.]+")) {
      return "is of version " + found + ", but these classes are of " + wanted;
    }
    return null;
  }

  @SuppressWarnings("restricted")
  private static String version(SymbolLookup lookup) {
    MemorySegment function = lookup.find("rocketmq_version").orElseThrow();
    MethodHandle call =
        Linker.nativeLinker().downcallHandle(function, FunctionDescriptor.of(ValueLayout.ADDRESS));
    try {
      return ((MemorySegment) call.invokeExact()).reinterpret(Byte.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static RocketMqException denied(IllegalCallerException e) {
    Module module = NativeLibrary.class.getModule();
    return failure(
        "Java denies this library the access to native code: start it with --enable-native-access="
            + (module.isNamed() ? module.getName() : "ALL-UNNAMED"),
        e);
  }

  static RocketMqException notFound(List<String> tried) {
    return failure(
        "librocketmq was not found for "
            + Platform.name()
            + ". Tried:\n  "
            + String.join("\n  ", tried)
            + "\n"
            + remedy(Platform.name(), RocketMq.version()),
        null);
  }

  static String remedy(String platform, String version) {
    String folder =
        "-D"
            + PATH_PROPERTY
            + " to the folder of a "
            + Platform.libraryFileName()
            + " built for it";
    if (!LibraryBundles.isPublished(platform)) {
      return "No bundle of " + platform + " is published: set " + folder + ".";
    }
    return "Add the runtime dependency io.github.rocketffm:rocketmq-natives:"
        + version
        + " (classifier "
        + platform
        + ", its module "
        + LibraryBundles.moduleOf(platform)
        + "; or without one for all platforms, the module "
        + LibraryBundles.MODULE_OF_ALL
        + "; jlink takes it by --bind-services), or set "
        + folder
        + ".";
  }

  private static RocketMqException failure(String message, Throwable cause) {
    return RocketMqException.builder(ErrorKind.NATIVE_LIBRARY, message).cause(cause).build();
  }
}
