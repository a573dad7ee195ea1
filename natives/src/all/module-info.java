/** The native library for all platforms. */
module io.github.rocketffm.natives {
  requires io.github.rocketffm;

  provides io.github.rocketffm.spi.NativeBundle with
      io.github.rocketffm.natives.linux.x86_64.Bundle,
      io.github.rocketffm.natives.linux.aarch_64.Bundle,
      io.github.rocketffm.natives.windows.x86_64.Bundle;
}
