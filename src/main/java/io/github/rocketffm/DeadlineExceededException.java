package io.github.rocketffm;

/** The deadline passed. Of a send, {@link #mayBeStored()} tells whether the message may be stored. */
public final class DeadlineExceededException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  DeadlineExceededException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
