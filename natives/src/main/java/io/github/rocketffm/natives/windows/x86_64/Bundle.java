package io.github.rocketffm.natives.windows.x86_64;

import io.github.rocketffm.spi.NativeBundle;
import java.net.URL;

/** The native library for Windows on x86-64. */
public final class Bundle implements NativeBundle {
  /** For the service loader. */
  public Bundle() {}

  @Override
  public String platform() {
    return "windows-x86_64";
  }

  @Override
  public URL library() {
    return Bundle.class.getResource("/natives/windows-x86_64/rocketmq.dll");
  }
}
