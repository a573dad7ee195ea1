package io.github.rocketffm;

/** The object is closed, or was closed before the operation had ended. */
public final class ClientClosedException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  ClientClosedException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
