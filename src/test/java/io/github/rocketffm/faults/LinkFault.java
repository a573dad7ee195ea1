package io.github.rocketffm.faults;

/**
 * What a {@link TcpProxy} does to the bytes that pass.
 *
 * @param silent whether nothing passes, and no connection is accepted, while connections stay open; what was held back
 *     arrives afterwards, as TCP would send it again
 * @param delayMillis by how much bytes are late, each way
 * @param bytesPerSecond how many bytes of a connection pass in a second, each way; 0: all
 * @param resets the share of pieces after whose first half the connection is reset
 * @param halfCloses the share of pieces after whose first half the proxy sends no more, and reads on
 * @param flips the share of pieces from the server in which one bit is changed
 */
record LinkFault(
    boolean silent,
    int delayMillis,
    int bytesPerSecond,
    double resets,
    double halfCloses,
    double flips) {
  static final LinkFault NONE = new LinkFault(false, 0, 0, 0, 0, 0);

  static LinkFault blackHole() {
    return new LinkFault(true, 0, 0, 0, 0, 0);
  }

  static LinkFault delay(int millis) {
    return new LinkFault(false, millis, 0, 0, 0, 0);
  }

  static LinkFault throttle(int bytesPerSecond) {
    return new LinkFault(false, 0, bytesPerSecond, 0, 0, 0);
  }

  static LinkFault resets(double share) {
    return new LinkFault(false, 0, 0, share, 0, 0);
  }

  static LinkFault halfCloses(double share) {
    return new LinkFault(false, 0, 0, 0, share, 0);
  }

  static LinkFault flips(double share) {
    return new LinkFault(false, 0, 0, 0, 0, share);
  }
}
