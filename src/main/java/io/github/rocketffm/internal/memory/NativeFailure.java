package io.github.rocketffm.internal.memory;

import io.github.rocketffm.internal.binding.Rocketmq;
import java.lang.foreign.MemorySegment;

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

  public static void check(int status, MemorySegment error) throws NativeFailure {
    if (status != Rocketmq.ROCKETMQ_OK()) {
      throw new NativeFailure(NativeError.read(error));
    }
  }

  public static NativeFailure closed(String message) {
    return of(Rocketmq.ROCKETMQ_CLOSED(), message);
  }

  public static NativeFailure invalid(String message) {
    return of(Rocketmq.ROCKETMQ_INVALID_ARGUMENT(), message);
  }

  public static NativeFailure of(int status, String message) {
    return new NativeFailure(NativeError.of(status, message));
  }
}
