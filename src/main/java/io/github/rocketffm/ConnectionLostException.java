package io.github.rocketffm;

/** The connection broke while a request was on its way: it may have been carried out. */
public final class ConnectionLostException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  ConnectionLostException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
