package io.github.rocketffm.internal.loading;

import io.github.rocketffm.spi.NativeBundle;
import java.io.IOException;
import java.net.URL;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeSet;

/**
 * The native library in jars: on the class path as the resource {@code natives/<platform>/}, in modules as a service.
 * Each is found once, though it may be both.
 */
final class LibraryBundles {
  /** Of those that are published. */
  private static final List<String> PLATFORMS =
      List.of("linux-x86_64", "linux-aarch_64", "windows-x86_64");

  static final String MODULE_OF_ALL = "io.github.rocketffm.natives";

  private static final int MOST_FAILURES = 16;

  private final ClassLoader loader;
  private final List<String> tried;

  /** Failures of others' providers are added to what was tried. */
  LibraryBundles(ClassLoader loader, List<String> tried) {
    this.loader = loader;
    this.tried = tried;
  }

  private static String resource(String platform) {
    String file = platform.startsWith("windows") ? "rocketmq.dll" : "librocketmq.so";
    return "natives/" + platform + "/" + file;
  }

  /** The addresses of those for a platform. */
  List<URL> of(String platform) {
    // By their texts, as comparing URLs may ask for the addresses of hosts.
    Map<String, URL> found = new LinkedHashMap<>();
    try {
      for (Iterator<URL> each = loader.getResources(resource(platform)).asIterator();
          each.hasNext(); ) {
        URL url = each.next();
        found.put(url.toString(), url);
      }
    } catch (IOException e) {
      tried.add("class path: " + e);
    }
    Iterator<NativeBundle> providers = ServiceLoader.load(NativeBundle.class, loader).iterator();
    int failures = 0;
    while (failures < MOST_FAILURES) {
      try {
        if (!providers.hasNext()) {
          break;
        }
        NativeBundle bundle = providers.next();
        URL library = bundle.platform().equals(platform) ? bundle.library() : null;
        if (library != null) {
          found.putIfAbsent(library.toString(), library);
        }
      } catch (ServiceConfigurationError | RuntimeException e) {
        // Of one provider; the others are looked at.
        failures++;
        String told = "the services " + NativeBundle.class.getName() + ": " + e;
        if (!tried.contains(told)) {
          tried.add(told);
        }
      }
    }
    return List.copyOf(found.values());
  }

  /** The platforms for which there is one; empty where there is none at all. */
  TreeSet<String> platforms() {
    TreeSet<String> platforms = new TreeSet<>();
    for (String platform : PLATFORMS) {
      if (!of(platform).isEmpty()) {
        platforms.add(platform);
      }
    }
    return platforms;
  }

  /** Of its jar. */
  static String moduleOf(String platform) {
    return MODULE_OF_ALL + "." + platform.replace('-', '.');
  }

  /** Whether there is one for it, if not here. */
  static boolean isPublished(String platform) {
    return PLATFORMS.contains(platform);
  }
}
