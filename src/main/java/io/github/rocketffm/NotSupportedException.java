package io.github.rocketffm;

/** This version, or the broker, cannot do that. */
public final class NotSupportedException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  NotSupportedException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
