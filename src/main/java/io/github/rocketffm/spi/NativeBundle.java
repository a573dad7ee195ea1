package io.github.rocketffm.spi;

import java.net.URL;
import org.jspecify.annotations.Nullable;

/**
 * A jar that holds the native library of a platform, for module paths and runtimes that jlink makes: the artifact
 * {@code rocketmq-natives} provides one for each platform. On a class path it is also found without this service, by
 * its resource {@code natives/<platform>/}.
 */
public interface NativeBundle {
  /**
   * Which platform it is for.
   *
   * @return such as {@code linux-x86_64}, {@code linux-aarch_64} or {@code windows-x86_64}
   */
  String platform();

  /**
   * Where the library is.
   *
   * @return the address of the resource; null where the jar does not have it
   */
  @Nullable URL library();
}
