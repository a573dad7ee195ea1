package io.github.rocketffm.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How a {@link Cluster} differs from the plain one.
 *
 * @param slave whether broker A has a slave
 * @param diskMegabytes of what size a file system of its own holds what A stores; 0: none
 * @param settingsOfA more lines of A's settings
 */
record ClusterSettings(boolean slave, int diskMegabytes, List<String> settingsOfA) {
  static final ClusterSettings PLAIN = new ClusterSettings(false, 0, List.of());

  /** How many queues a topic has on each broker. */
  int queues() {
    return 4;
  }

  /** What runs A's virtual machine: in a mount namespace of its own, for which no rights are needed. */
  List<String> prefixOfA(Path folder) throws IOException {
    if (diskMegabytes == 0) {
      return List.of();
    }
    Path disk = folder.resolve(Cluster.A + "-0");
    Files.createDirectories(disk);
    return List.of(
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        "mount -t tmpfs -o size=" + diskMegabytes + "m tmpfs \"$0\" && exec \"$@\"",
        disk.toString());
  }
}
