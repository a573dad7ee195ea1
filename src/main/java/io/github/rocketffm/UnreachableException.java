package io.github.rocketffm;

/** No name server or broker could be reached. */
public final class UnreachableException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  UnreachableException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
