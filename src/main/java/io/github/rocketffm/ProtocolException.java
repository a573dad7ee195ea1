package io.github.rocketffm;

/** The peer answered what the protocol does not allow. */
public final class ProtocolException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  ProtocolException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
