package io.github.rocketffm.internal.client;

import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.RocketMqExceptionBuilder;
import io.github.rocketffm.internal.memory.JavaNames;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;

/** Makes exceptions of what the native library tells. */
final class Failures {
  /** ROCKETMQ_INVALID_ARGUMENT, the first status that is a failure, is 1; the others follow in this order. */
  private static final ErrorKind[] KINDS = ErrorKind.values();

  /** Made beforehand, for an end that comes when there is no memory to tell how. */
  private static final RocketMqException NO_MEMORY =
      RocketMqException.builder(
              ErrorKind.OUT_OF_MEMORY,
              "the call ended, and there was no heap memory left to tell how")
          .mayBeStored(true)
          .build();

  private Failures() {}

  static ErrorKind kind(int status) {
    return status >= 1 && status <= ErrorKind.INTERNAL_ERROR.ordinal() + 1
        ? KINDS[status - 1]
        : ErrorKind.INTERNAL_ERROR;
  }

  static RocketMqException of(NativeFailure failure) {
    return of(failure.error());
  }

  static RocketMqException of(NativeError error) {
    return of(error, JavaNames.in(error.message(), error.remark()));
  }

  private static RocketMqException of(NativeError error, String message) {
    return RocketMqException.builder(kind(error.status()), message)
        .responseCode(error.responseCode())
        .remark(error.remark())
        .address(error.address())
        .topic(error.topic())
        .attempts(error.attempts())
        .elapsed(error.elapsed())
        .mayBeStored(error.mayBeStored())
        .build();
  }

  /** The end of a call, for which there must be something to tell. */
  static RocketMqException ofEnd(NativeError error) {
    try {
      return of(error);
    } catch (OutOfMemoryError e) {
      if (kind(error.status()) == ErrorKind.OUT_OF_MEMORY) {
        return NO_MEMORY;
      }
      // It is told again when there is memory.
      throw e;
    } catch (Throwable e) {
      return of(error, error.message());
    }
  }

  static RocketMqException of(ErrorKind kind, String message) {
    return RocketMqException.builder(kind, message).build();
  }

  /** The interrupt stays set. */
  static RocketMqException interrupted(String message, boolean mayBeStored) {
    Thread.currentThread().interrupt();
    return RocketMqException.builder(ErrorKind.INTERRUPTED, message)
        .mayBeStored(mayBeStored)
        .build();
  }

  /** The same failure with the stack of the thread that waited for it. */
  static RocketMqException onThisThread(Throwable failure) {
    if (failure instanceof RocketMqException of) {
      RocketMqExceptionBuilder again = of.toBuilder();
      return again.cause(of.getCause()).build();
    }
    return RocketMqException.builder(ErrorKind.INTERNAL_ERROR, "a call failed: " + failure)
        .cause(failure)
        .build();
  }
}
