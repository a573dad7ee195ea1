package io.github.rocketffm;

/** The deadline passed. The message may or may not have been stored. */
public final class SendTimeoutException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  SendTimeoutException(Details details) {
    super(details);
  }
}
