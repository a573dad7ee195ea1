/** A client of Apache RocketMQ over the native library librocketmq. */
module io.github.rocketffm {
  requires org.slf4j;

  exports io.github.rocketffm;
}
