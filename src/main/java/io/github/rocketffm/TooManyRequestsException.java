package io.github.rocketffm;

/** The limit of asynchronous sends in flight is reached: wait for completions. */
public final class TooManyRequestsException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  TooManyRequestsException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
