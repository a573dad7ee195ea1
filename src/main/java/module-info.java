/** A client of Apache RocketMQ over the native library librocketmq. */
module io.github.rocketffm {
  // Not transitive: who uses this module compiles without the annotations.
  requires static org.jspecify;
  requires org.slf4j;

  exports io.github.rocketffm;
  exports io.github.rocketffm.spi;

  uses io.github.rocketffm.ClientProvider;
  uses io.github.rocketffm.spi.NativeBundle;

  provides io.github.rocketffm.ClientProvider with
      io.github.rocketffm.internal.client.NativeClientProvider;
}
