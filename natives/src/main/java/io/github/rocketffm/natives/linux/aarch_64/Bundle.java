package io.github.rocketffm.natives.linux.aarch_64;

import io.github.rocketffm.spi.NativeBundle;
import java.net.URL;

/** The native library for Linux on 64-bit ARM. */
public final class Bundle implements NativeBundle {
  /** For the service loader. */
  public Bundle() {}

  @Override
  public String platform() {
    return "linux-aarch_64";
  }

  @Override
  public URL library() {
    return Bundle.class.getResource("/natives/linux-aarch_64/librocketmq.so");
  }
}
