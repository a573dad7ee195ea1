/** The native library for Linux on 64-bit ARM. */
@SuppressWarnings("module") // Its name ends as the platform does.
module io.github.rocketffm.natives.linux.aarch_64 {
  requires io.github.rocketffm;

  provides io.github.rocketffm.spi.NativeBundle with
      io.github.rocketffm.natives.linux.aarch_64.Bundle;
}
