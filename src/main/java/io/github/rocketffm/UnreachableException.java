package io.github.rocketffm;

/** No name server or broker could be reached; nothing was sent. */
public final class UnreachableException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  UnreachableException(Details details) {
    super(details);
  }
}
