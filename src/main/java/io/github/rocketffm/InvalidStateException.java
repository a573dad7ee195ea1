package io.github.rocketffm;

/** The call does not fit the object's state. */
public final class InvalidStateException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  InvalidStateException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
