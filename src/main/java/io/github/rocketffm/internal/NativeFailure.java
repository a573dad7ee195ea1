package io.github.rocketffm.internal;

import io.github.rocketffm.internal.binding.Rocketmq;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** A call that failed, for the public API to make its exception of. */
public final class NativeFailure extends Exception {
  private static final long serialVersionUID = 1L;
  private final transient NativeError error;

  private NativeFailure(NativeError error) {
    super(error.message(), null, false, false);
    this.error = error;
  }

  public NativeError error() {
    return error;
  }

  static void check(int status, MemorySegment error) throws NativeFailure {
    if (status != Rocketmq.ROCKETMQ_OK()) {
      throw new NativeFailure(NativeError.read(error));
    }
  }

  static NativeFailure closed(String message) {
    return new NativeFailure(
        new NativeError(Rocketmq.ROCKETMQ_CLOSED(), message, -1, "", "", "", 0, Duration.ZERO));
  }
}
