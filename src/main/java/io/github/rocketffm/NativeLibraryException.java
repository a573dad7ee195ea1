package io.github.rocketffm;

/** The native library could not be loaded, or does not fit; the message lists all that was tried. */
public final class NativeLibraryException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  NativeLibraryException(RocketMqExceptionBuilder details) {
    super(details);
  }
}
