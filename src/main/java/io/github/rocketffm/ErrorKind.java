package io.github.rocketffm;

/** What kind of failure a {@link RocketMqException} tells of. */
public enum ErrorKind {
  /** An argument is outside its range. */
  INVALID_ARGUMENT(1),
  /** The call does not fit the object's state. */
  INVALID_STATE(2),
  /** The object is closed, or was closed before the operation completed. */
  CLOSED(3),
  /** The deadline passed. A send that timed out may or may not have been stored. */
  TIMEOUT(4),
  /** No name server or broker could be reached. */
  UNREACHABLE(5),
  /** The connection broke while a request was on its way: it may or may not have been carried out. */
  CONNECTION_LOST(6),
  /** No name server knows the topic, and it cannot be created on demand. */
  TOPIC_NOT_FOUND(7),
  /** The broker or name server refused. */
  REJECTED(8),
  /** The limit of asynchronous sends in flight is reached. */
  TOO_MANY_REQUESTS(9),
  /** The peer answered what the protocol does not allow. */
  PROTOCOL_ERROR(10),
  /** This version, or the broker, cannot do that. */
  NOT_SUPPORTED(11),
  /** Another live object already has that role. */
  CONFLICT(12),
  /** Native memory could not be allocated. */
  OUT_OF_MEMORY(13),
  /** A defect of the library. */
  INTERNAL_ERROR(14),
  /** The waiting thread was interrupted; the operation goes on. */
  INTERRUPTED(-1);

  private final int code;

  ErrorKind(int code) {
    this.code = code;
  }

  static ErrorKind of(int code) {
    for (ErrorKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    return INTERNAL_ERROR;
  }
}
