package io.github.rocketffm.testing;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;

/** What the process that runs this holds of the system. */
public final class OwnProcess {
  private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");
  private static final Path PROC = Path.of("/proc/self");
  private static final MemorySegment CURRENT_PROCESS = MemorySegment.ofAddress(-1);

  // SYSTEM_HANDLE_INFORMATION_EX and its entries.
  private static final int SYSTEM_EXTENDED_HANDLE_INFORMATION = 64;
  private static final int STATUS_INFO_LENGTH_MISMATCH = 0xC0000004;
  private static final int TABLE_HEAD = 16;
  private static final int TABLE_ENTRY = 40;
  private static final int OWNER_OFFSET = 8;

  // PROCESS_MEMORY_COUNTERS
  private static final int COUNTERS_SIZE = 72;
  private static final int WORKING_SET_OFFSET = 16;

  private OwnProcess() {}

  /** Files, sockets and, on Windows, threads and what they wait for. */
  public static long handles() throws IOException {
    if (!WINDOWS) {
      return count("fd", file -> true);
    }
    long self = ProcessHandle.current().pid();
    MemorySegment table = handleTable();
    long handles = 0;
    for (long i = 0; i < table.get(JAVA_LONG, 0); i++) {
      if (table.get(JAVA_LONG, TABLE_HEAD + i * TABLE_ENTRY + OWNER_OFFSET) == self) {
        handles++;
      }
    }
    return handles;
  }

  /** Of all processes: wine 8 takes GetProcessHandleCount, too, but always tells zero. */
  private static MemorySegment handleTable() {
    for (long size = 1 << 20; ; size *= 2) {
      MemorySegment table = Arena.ofAuto().allocate(size, JAVA_LONG.byteAlignment());
      int status =
          call(
              "ntdll",
              "NtQuerySystemInformation",
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS),
              SYSTEM_EXTENDED_HANDLE_INFORMATION,
              table,
              (int) size,
              MemorySegment.NULL);
      if (status == 0) {
        return table;
      }
      if (status != STATUS_INFO_LENGTH_MISMATCH) {
        throw new IllegalStateException("NtQuerySystemInformation: " + Integer.toHexString(status));
      }
    }
  }

  /** Those of {@link #handles} that are sockets; zero on Windows, which does not tell them apart. */
  public static long sockets() throws IOException {
    return WINDOWS ? 0 : count("fd", OwnProcess::isSocket);
  }

  public static long residentKilobytes() throws IOException {
    if (!WINDOWS) {
      return Files.readAllLines(PROC.resolve("status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElseThrow();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment counters = arena.allocate(COUNTERS_SIZE, JAVA_LONG.byteAlignment());
      int done =
          call(
              "kernel32",
              "K32GetProcessMemoryInfo",
              FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT),
              CURRENT_PROCESS,
              counters,
              COUNTERS_SIZE);
      if (done == 0) {
        throw new IllegalStateException("K32GetProcessMemoryInfo failed");
      }
      return counters.get(JAVA_LONG, WORKING_SET_OFFSET) / 1024;
    }
  }

  /** Threads of the library's clients; zero on Windows, where one that is not joined is a handle. */
  public static long clientThreads() throws IOException {
    return WINDOWS ? 0 : count("task", OwnProcess::isClientThread);
  }

  private static long count(String folder, Predicate<Path> which) throws IOException {
    try (var files = Files.list(PROC.resolve(folder))) {
      return files.filter(which).count();
    }
  }

  private static boolean isSocket(Path file) {
    try {
      return Files.readSymbolicLink(file).toString().startsWith("socket:");
    } catch (IOException e) {
      // Closed meanwhile.
      return false;
    }
  }

  private static boolean isClientThread(Path task) {
    try {
      String name = Files.readString(task.resolve("comm"));
      return name.startsWith("rmq-io")
          || name.startsWith("rmq-callback")
          || name.startsWith("rmq-consume");
    } catch (IOException e) {
      return false;
    }
  }

  private static int call(
      String library, String function, FunctionDescriptor type, Object... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address =
          SymbolLookup.libraryLookup(library, arena).find(function).orElseThrow();
      return (int)
          Linker.nativeLinker().downcallHandle(address, type).invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
