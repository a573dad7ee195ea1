/** The native library for Windows on x86-64. */
@SuppressWarnings("module") // Its name ends as the platform does.
module io.github.rocketffm.natives.windows.x86_64 {
  requires io.github.rocketffm;

  provides io.github.rocketffm.spi.NativeBundle with
      io.github.rocketffm.natives.windows.x86_64.Bundle;
}
