package io.github.rocketffm;

/** The waiting thread was interrupted, and its interrupt status is set; what it waited for goes on, if it had begun. */
public final class OperationInterruptedException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  OperationInterruptedException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
