package io.github.rocketffm;

/**
 * The native library, or the classes that stand on it, could not be loaded, or do not fit; the message lists all that
 * was tried.
 */
public final class NativeLibraryException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  NativeLibraryException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
