package io.github.rocketffm;

/** An argument is outside its range; the message names it, its value, the limit and what to do. */
public final class InvalidArgumentException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  InvalidArgumentException(Details details) {
    super(details);
  }
}
