package io.github.rocketffm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What concerns the library as a whole. */
public final class RocketMq {
  private static final String VERSION = read();

  private RocketMq() {}

  private static String read() {
    try (InputStream in = RocketMq.class.getResourceAsStream("version.properties")) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The version of these classes.
   *
   * @return such as {@code 0.1.0}
   */
  public static String version() {
    return VERSION;
  }

  /**
   * The version of the native library; loads it where it was not.
   *
   * @return such as {@code 0.1.0}
   * @throws NativeLibraryException when it cannot be loaded
   */
  public static String nativeVersion() {
    return Provider.get().nativeVersion();
  }
}
