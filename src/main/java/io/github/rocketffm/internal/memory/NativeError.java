package io.github.rocketffm.internal.memory;

import io.github.rocketffm.internal.binding.rocketmq_error;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * A rocketmq_error as Java values.
 *
 * @param status one of ROCKETMQ_*
 * @param responseCode -1 where none answered
 */
public record NativeError(
    int status,
    String message,
    int responseCode,
    String remark,
    String address,
    String topic,
    int attempts,
    Duration elapsed,
    boolean mayBeStored) {
  public static NativeError read(MemorySegment error) {
    return new NativeError(
        rocketmq_error.status(error),
        rocketmq_error.message(error).getString(0),
        rocketmq_error.response_code(error),
        rocketmq_error.remark(error).getString(0),
        rocketmq_error.address(error).getString(0),
        rocketmq_error.topic(error).getString(0),
        rocketmq_error.attempts(error),
        Duration.ofMillis(rocketmq_error.elapsed_ms(error)),
        rocketmq_error.may_be_stored(error) != 0);
  }

  public static NativeError of(int status, String message) {
    return new NativeError(status, message, -1, "", "", "", 0, Duration.ZERO, false);
  }

  /** The end of a send that could not be read. */
  public static NativeError unknownOutcome(int status, String message) {
    return new NativeError(status, message, -1, "", "", "", 0, Duration.ZERO, true);
  }

  /** Ready to be filled by a call. */
  public static MemorySegment prepare(MemorySegment error) {
    rocketmq_error.size(error, rocketmq_error.sizeof());
    return error;
  }
}
