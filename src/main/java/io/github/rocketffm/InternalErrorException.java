package io.github.rocketffm;

/** A defect of the library: please report it. */
public final class InternalErrorException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  InternalErrorException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
