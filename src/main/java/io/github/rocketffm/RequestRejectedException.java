package io.github.rocketffm;

/** The broker or name server refused; the response code and remark tell why. */
public final class RequestRejectedException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  RequestRejectedException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
