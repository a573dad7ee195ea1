package io.github.rocketffm;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Makes a failure: the library's own, and those of tests. Not for several threads at once. */
public final class RocketMqExceptionBuilder {
  final ErrorKind kind;
  final String message;
  int responseCode = -1;
  String remark = "";
  String address = "";
  String topic = "";
  int attempts;
  Duration elapsed = Duration.ZERO;
  boolean mayBeStored;
  @Nullable Throwable cause;

  RocketMqExceptionBuilder(ErrorKind kind, String message) {
    this.kind = kind;
    this.message = message;
  }

  /**
   * Sets the code with which the broker or name server answered.
   *
   * @param responseCode the code; -1: none answered
   * @return this
   */
  public RocketMqExceptionBuilder responseCode(int responseCode) {
    this.responseCode = responseCode;
    return this;
  }

  /**
   * Sets the remark that came with the response code.
   *
   * @param remark the remark; empty for none
   * @return this
   */
  public RocketMqExceptionBuilder remark(String remark) {
    this.remark = Objects.requireNonNull(remark, "remark");
    return this;
  }

  /**
   * Sets the peer that failed.
   *
   * @param address {@code host:port}; empty for none
   * @return this
   */
  public RocketMqExceptionBuilder address(String address) {
    this.address = Objects.requireNonNull(address, "address");
    return this;
  }

  /**
   * Sets the topic that the operation was about.
   *
   * @param topic the topic; empty for none
   * @return this
   */
  public RocketMqExceptionBuilder topic(String topic) {
    this.topic = Objects.requireNonNull(topic, "topic");
    return this;
  }

  /**
   * Sets how many attempts a send made.
   *
   * @param attempts 0 and up
   * @return this
   */
  public RocketMqExceptionBuilder attempts(int attempts) {
    this.attempts = attempts;
    return this;
  }

  /**
   * Sets the time from the call to the failure.
   *
   * @param elapsed the time
   * @return this
   */
  public RocketMqExceptionBuilder elapsed(Duration elapsed) {
    this.elapsed = Objects.requireNonNull(elapsed, "elapsed");
    return this;
  }

  /**
   * Sets whether a broker may have stored the message all the same.
   *
   * @param mayBeStored false by default
   * @return this
   */
  public RocketMqExceptionBuilder mayBeStored(boolean mayBeStored) {
    this.mayBeStored = mayBeStored;
    return this;
  }

  /**
   * Sets what caused it.
   *
   * @param cause the cause; null for none
   * @return this
   */
  public RocketMqExceptionBuilder cause(@Nullable Throwable cause) {
    this.cause = cause;
    return this;
  }

  /**
   * Makes the failure.
   *
   * @return one of the class that belongs to the kind
   */
  public RocketMqException build() {
    return switch (kind) {
      case INVALID_ARGUMENT -> new InvalidArgumentException(this);
      case INVALID_STATE -> new InvalidStateException(this);
      case CLOSED -> new ClientClosedException(this);
      case TIMEOUT -> new DeadlineExceededException(this);
      case UNREACHABLE -> new UnreachableException(this);
      case CONNECTION_LOST -> new ConnectionLostException(this);
      case TOPIC_NOT_FOUND -> new TopicNotFoundException(this);
      case REJECTED -> new RequestRejectedException(this);
      case TOO_MANY_REQUESTS -> new TooManyRequestsException(this);
      case PROTOCOL_ERROR -> new ProtocolException(this);
      case NOT_SUPPORTED -> new NotSupportedException(this);
      case CONFLICT -> new ConflictException(this);
      case OUT_OF_MEMORY -> new NativeMemoryException(this);
      case INTERNAL_ERROR -> new InternalErrorException(this);
      case INTERRUPTED -> new OperationInterruptedException(this);
      case NATIVE_LIBRARY -> new NativeLibraryException(this);
    };
  }

  String describe() {
    StringBuilder text = new StringBuilder(message).append(" [kind=").append(kind);
    if (responseCode >= 0) {
      text.append(", code=").append(responseCode);
    }
    if (!topic.isEmpty()) {
      text.append(", topic=").append(topic);
    }
    if (!address.isEmpty()) {
      text.append(", address=").append(address);
    }
    if (mayBeStored) {
      text.append(", may be stored");
    }
    return text.append(']').toString();
  }
}
