package io.github.rocketffm;

/** What kind of failure a {@link RocketMqException} tells of; each has a class of its own. */
public enum ErrorKind {
  /** An argument is outside its range. */
  INVALID_ARGUMENT,
  /** The call does not fit the object's state. */
  INVALID_STATE,
  /** The object is closed, or was closed before the operation completed. */
  CLOSED,
  /** The deadline passed. A send that timed out may or may not have been stored. */
  TIMEOUT,
  /** No name server or broker could be reached. */
  UNREACHABLE,
  /** The connection broke while a request was on its way: it may or may not have been carried out. */
  CONNECTION_LOST,
  /** No name server knows the topic, and it cannot be created on demand. */
  TOPIC_NOT_FOUND,
  /** The broker or name server refused. */
  REJECTED,
  /** The limit of asynchronous sends in flight is reached. */
  TOO_MANY_REQUESTS,
  /** The peer answered what the protocol does not allow. */
  PROTOCOL_ERROR,
  /** This version, or the broker, cannot do that. */
  NOT_SUPPORTED,
  /** Another live object already has that role. */
  CONFLICT,
  /** Native memory could not be allocated. */
  OUT_OF_MEMORY,
  /** A defect of the library. */
  INTERNAL_ERROR,
  /** The waiting thread was interrupted; what it waited for goes on, if it had begun. */
  INTERRUPTED,
  /** The native library, or the classes that stand on it, could not be loaded, or do not fit. */
  NATIVE_LIBRARY;
}
