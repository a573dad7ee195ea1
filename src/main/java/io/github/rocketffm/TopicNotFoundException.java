package io.github.rocketffm;

/** No name server knows the topic, and it cannot be created on demand. */
public final class TopicNotFoundException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  TopicNotFoundException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
