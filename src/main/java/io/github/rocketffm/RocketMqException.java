package io.github.rocketffm;

import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A failure, with all that is known of it. Subclasses exist for the kinds that programs treat differently;
 * {@link #kind()} tells all of them apart.
 */
public class RocketMqException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a failure carries. */
  private final Details details;

  record Details(
      ErrorKind kind,
      String message,
      int responseCode,
      String remark,
      String address,
      String topic,
      int attempts,
      Duration elapsed,
      boolean mayBeStored)
      implements Serializable {
    /** Of a send whose outcome is not known. */
    static Details maybeStored(ErrorKind kind, String message) {
      return new Details(kind, message, -1, "", "", "", 0, Duration.ZERO, true);
    }

    static Details of(ErrorKind kind, String message) {
      return new Details(kind, message, -1, "", "", "", 0, Duration.ZERO, false);
    }
  }

  RocketMqException(Details details) {
    super(describe(details));
    this.details = Objects.requireNonNull(details);
  }

  private static String describe(Details details) {
    StringBuilder text = new StringBuilder(details.message).append(" [kind=").append(details.kind);
    if (details.responseCode >= 0) {
      text.append(", code=").append(details.responseCode);
    }
    if (!details.topic.isEmpty()) {
      text.append(", topic=").append(details.topic);
    }
    if (!details.address.isEmpty()) {
      text.append(", address=").append(details.address);
    }
    if (details.mayBeStored) {
      text.append(", may be stored");
    }
    return text.append(']').toString();
  }

  static RocketMqException of(Details details) {
    return switch (details.kind) {
      case INVALID_ARGUMENT -> new InvalidArgumentException(details);
      case CLOSED -> new ClientClosedException(details);
      case TIMEOUT -> new SendTimeoutException(details);
      case UNREACHABLE -> new UnreachableException(details);
      case CONNECTION_LOST -> new ConnectionLostException(details);
      case TOPIC_NOT_FOUND -> new TopicNotFoundException(details);
      case REJECTED -> new MessageRejectedException(details);
      case TOO_MANY_REQUESTS -> new TooManyRequestsException(details);
      case NOT_SUPPORTED -> new NotSupportedException(details);
      default -> new RocketMqException(details);
    };
  }

  static RocketMqException of(ErrorKind kind, String message) {
    return of(Details.of(kind, message));
  }

  /** The same failure with the stack of the thread that waited for it. */
  RocketMqException onThisThread() {
    RocketMqException again = of(details);
    again.initCause(this);
    return again;
  }

  /**
   * What kind of failure this is.
   *
   * @return the kind
   */
  public ErrorKind kind() {
    return details.kind;
  }

  /**
   * The code with which the broker or name server answered.
   *
   * @return the response code, where one answered
   */
  public OptionalInt responseCode() {
    return details.responseCode < 0 ? OptionalInt.empty() : OptionalInt.of(details.responseCode);
  }

  /**
   * The remark that came with the response code.
   *
   * @return the remark, where there is one
   */
  public Optional<String> remark() {
    return optional(details.remark);
  }

  /**
   * The peer that failed.
   *
   * @return {@code host:port}, where one was involved
   */
  public Optional<String> address() {
    return optional(details.address);
  }

  /**
   * The topic that the operation was about.
   *
   * @return the topic, where there is one
   */
  public Optional<String> topic() {
    return optional(details.topic);
  }

  /**
   * How many attempts a send made.
   *
   * @return 0 and up
   */
  public int attempts() {
    return details.attempts;
  }

  /**
   * The time from the call to the failure.
   *
   * @return the time, in milliseconds' precision
   */
  public Duration elapsed() {
    return details.elapsed;
  }

  /**
   * Whether a broker may have stored the message, or one of the batch, although the send failed: sending it again may
   * then make a second copy.
   *
   * @return false where it is certain that none did, and for what sends no message
   */
  public boolean mayBeStored() {
    return details.mayBeStored;
  }

  private static Optional<String> optional(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }
}
