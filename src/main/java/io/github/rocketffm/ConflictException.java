package io.github.rocketffm;

/** Another live object already has that role. */
public final class ConflictException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  ConflictException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
