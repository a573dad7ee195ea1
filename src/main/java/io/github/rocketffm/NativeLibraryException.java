package io.github.rocketffm;

/** The native library could not be loaded, or does not fit; the message lists all that was tried. */
public final class NativeLibraryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Made by the loader.
   *
   * @param message all that was tried, and what to do
   */
  public NativeLibraryException(String message) {
    super(message);
  }
}
