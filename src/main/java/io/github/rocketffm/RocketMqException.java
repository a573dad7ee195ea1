package io.github.rocketffm;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A failure, with all that is known of it. Each {@link ErrorKind} has a class of its own.
 */
public abstract sealed class RocketMqException extends RuntimeException
    permits ClientClosedException,
        ConflictException,
        ConnectionLostException,
        DeadlineExceededException,
        InternalErrorException,
        InvalidArgumentException,
        InvalidStateException,
        NativeLibraryException,
        NativeMemoryException,
        NotSupportedException,
        OperationInterruptedException,
        ProtocolException,
        RequestRejectedException,
        TooManyRequestsException,
        TopicNotFoundException,
        UnreachableException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure it is. */
  private final ErrorKind kind;

  /** What failed, without what the message adds to it. */
  private final String detail;

  /** -1 where nobody answered. */
  private final int responseCode;

  /** Empty for none. */
  private final String remark;

  /** Empty for none. */
  private final String address;

  /** Empty for none. */
  private final String topic;

  /** 0 for what is no send. */
  private final int attempts;

  /** From the call to the failure. */
  private final Duration elapsed;

  /** Whether a message may be stored all the same. */
  private final boolean mayBeStored;

  RocketMqException(RocketMqExceptionBuilder of) {
    super(of.describe(), of.cause);
    kind = of.kind;
    detail = of.message;
    responseCode = of.responseCode;
    remark = of.remark;
    address = of.address;
    topic = of.topic;
    attempts = of.attempts;
    elapsed = of.elapsed;
    mayBeStored = of.mayBeStored;
  }

  /**
   * Begins a failure, as the library makes them: for tests of how a program deals with it.
   *
   * @param kind the kind, which chooses the class
   * @param message what failed
   * @return a builder
   */
  public static RocketMqExceptionBuilder builder(ErrorKind kind, String message) {
    return new RocketMqExceptionBuilder(
        Objects.requireNonNull(kind, "kind"), Objects.requireNonNull(message, "message"));
  }

  /**
   * Begins another failure of the same kind, with all that this one tells save its cause.
   *
   * @return a builder
   */
  public RocketMqExceptionBuilder toBuilder() {
    return new RocketMqExceptionBuilder(kind, detail)
        .responseCode(responseCode)
        .remark(remark)
        .address(address)
        .topic(topic)
        .attempts(attempts)
        .elapsed(elapsed)
        .mayBeStored(mayBeStored);
  }

  /**
   * What kind of failure this is.
   *
   * @return the kind
   */
  public ErrorKind kind() {
    return kind;
  }

  /**
   * The code with which the broker or name server answered.
   *
   * @return the response code, where one answered
   */
  public OptionalInt responseCode() {
    return responseCode < 0 ? OptionalInt.empty() : OptionalInt.of(responseCode);
  }

  /**
   * The remark that came with the response code.
   *
   * @return the remark, where there is one
   */
  public Optional<String> remark() {
    return optional(remark);
  }

  /**
   * The peer that failed.
   *
   * @return {@code host:port}, where one was involved
   */
  public Optional<String> address() {
    return optional(address);
  }

  /**
   * The topic that the operation was about.
   *
   * @return the topic, where there is one
   */
  public Optional<String> topic() {
    return optional(topic);
  }

  /**
   * How many attempts a send made.
   *
   * @return 0 and up
   */
  public int attempts() {
    return attempts;
  }

  /**
   * The time from the call to the failure.
   *
   * @return the time, in milliseconds' precision
   */
  public Duration elapsed() {
    return elapsed;
  }

  /**
   * Whether a broker may have stored the message, or one of the batch, although the send failed: sending it again may
   * then make a second copy.
   *
   * @return false where it is certain that none did, and for what sends no message
   */
  public boolean mayBeStored() {
    return mayBeStored;
  }

  private static Optional<String> optional(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }
}
