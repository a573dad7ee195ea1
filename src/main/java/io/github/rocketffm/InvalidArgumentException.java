package io.github.rocketffm;

/** An argument is outside its range; the message names it, its value, and what is allowed. */
public final class InvalidArgumentException extends RocketMqException {
  private static final long serialVersionUID = 1L;

  InvalidArgumentException(RocketMqExceptionBuilder details) {
    super(details);
  }

  /**
   * Makes one as "argument is value: advice".
   *
   * @param argument what was given
   * @param value the value that it has
   * @param advice what is allowed, or what to do
   * @return the exception
   */
  public static InvalidArgumentException of(String argument, Object value, String advice) {
    return of(argument + " is " + value + ": " + advice);
  }

  /**
   * Makes one.
   *
   * @param message names the argument, its value, and what is allowed
   * @return the exception
   */
  public static InvalidArgumentException of(String message) {
    return new InvalidArgumentException(
        RocketMqException.builder(ErrorKind.INVALID_ARGUMENT, message));
  }

  static int positive(String argument, int value) {
    if (value < 1) {
      throw of(argument, value, "give 1 or more");
    }
    return value;
  }
}
