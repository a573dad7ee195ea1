package io.github.rocketffm;

/** Memory could not be allocated. */
public final class NativeMemoryException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  NativeMemoryException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
