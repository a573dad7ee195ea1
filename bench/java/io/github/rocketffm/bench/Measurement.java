package io.github.rocketffm.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** What this process used since the measurement began. */
final class Measurement {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long cpu = SYSTEM.getProcessCpuTime();
  private final long heap = THREADS.getTotalThreadAllocatedBytes();
  private final long begin = System.nanoTime();

  double seconds() {
    return (System.nanoTime() - begin) / 1e9;
  }

  /** User and system time, in microseconds. */
  double cpuMicros() {
    return (SYSTEM.getProcessCpuTime() - cpu) / 1e3;
  }

  /** By all threads, also those that have ended. */
  double heapBytes() {
    return THREADS.getTotalThreadAllocatedBytes() - heap;
  }

  /** Members of a JSON object, per message. */
  String perMessage(long count) {
    return "\"cpu_us\":" + cpuMicros() / count + ",\"heap_b\":" + heapBytes() / count;
  }

  static double cpuSeconds() {
    return SYSTEM.getProcessCpuTime() / 1e9;
  }

  static long residentKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("/proc/self/status tells no VmRSS");
  }

  /**
   * Members of a JSON object: all threads of this process, and those of the library, of the same moment.
   *
   * @param own whether the thread with this name is the library's
   */
  static String threads(Predicate<String> own) throws IOException {
    List<String> names;
    try (var tasks = Files.list(Path.of("/proc/self/task"))) {
      names = tasks.map(Measurement::nameOf).toList();
    }
    long owned = names.stream().filter(own).count();
    return "\"threads\":" + names.size() + ",\"own_threads\":" + owned;
  }

  private static String nameOf(Path task) {
    try {
      return Files.readString(task.resolve("comm")).strip();
    } catch (IOException e) {
      // It has just ended.
      return "";
    }
  }
}
