package io.github.rocketffm;

/** How large bodies are compressed. Consumers read all of them. */
public enum Compression {
  /** Levels 1 to 9. The one that consumers before RocketMQ 5.0 read. */
  ZLIB,
  /** Levels 1 to 12; the fastest. */
  LZ4,
  /** Levels 1 to 22; the smallest. */
  ZSTD
}
