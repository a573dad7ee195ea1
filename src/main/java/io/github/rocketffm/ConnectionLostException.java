package io.github.rocketffm;

/** The connection broke while the request was on its way: it may or may not have been carried out. */
public final class ConnectionLostException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  ConnectionLostException(Details details) {
    super(details);
  }
}
