package io.github.rocketffm;

/** This version of the library, or the broker, cannot do that. */
public final class NotSupportedException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  NotSupportedException(Details details) {
    super(details);
  }
}
