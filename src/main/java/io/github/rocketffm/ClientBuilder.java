package io.github.rocketffm;

import io.github.rocketffm.internal.ClientSettings;
import io.github.rocketffm.internal.NativeError;
import io.github.rocketffm.internal.NativeFailure;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * What producers and consumers are built with alike. Builders whose settings of this class are equal share one
 * client: its connections, routes and two native threads. Not for several threads at once.
 *
 * @param <B> the builder itself
 */
public abstract sealed class ClientBuilder<B extends ClientBuilder<B>>
    permits ProducerSettings, PushConsumer.Builder, SimpleConsumer.Builder {
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final Duration LARGEST = Duration.ofMillis(Integer.MAX_VALUE);

  final ClientSettings client = new ClientSettings();
  int closeTimeoutMillis = 10_000;

  ClientBuilder() {}

  abstract B self();

  /**
   * Sets the name servers; required.
   *
   * @param addresses {@code host:port} each, or several joined by ';'; IPv6 literals as {@code [::1]:9876}
   * @return this
   */
  public B nameServers(String... addresses) {
    for (String address : addresses) {
      Objects.requireNonNull(address, "address");
    }
    client.nameServers = String.join(";", addresses);
    return self();
  }

  /**
   * Tells apart clients of one process that must not share.
   *
   * @param instanceName 1 to 120 letters, digits, '_' and '-'
   * @return this
   */
  public B instanceName(String instanceName) {
    client.instanceName = Objects.requireNonNull(instanceName, "instanceName");
    return self();
  }

  /**
   * Limits the time to establish a connection.
   *
   * @param timeout 1 ms to 10 min; 3 s by default
   * @return this
   */
  public B connectTimeout(Duration timeout) {
    client.connectTimeoutMillis = millis("connectTimeout", timeout);
    return self();
  }

  /**
   * Limits the time of requests to name servers, and of control requests to brokers.
   *
   * @param timeout 1 ms to 10 min; 3 s by default
   * @return this
   */
  public B requestTimeout(Duration timeout) {
    client.requestTimeoutMillis = millis("requestTimeout", timeout);
    return self();
  }

  /**
   * Sets how often routes are refreshed.
   *
   * @param interval 10 ms to 1 h; 30 s by default
   * @return this
   */
  public B routeRefreshInterval(Duration interval) {
    client.routeRefreshMillis = millis("routeRefreshInterval", interval);
    return self();
  }

  /**
   * Sets how often brokers are told that the client lives.
   *
   * @param interval 10 ms to 1 h; 30 s by default
   * @return this
   */
  public B heartbeatInterval(Duration interval) {
    client.heartbeatMillis = millis("heartbeatInterval", interval);
    return self();
  }

  /**
   * Sets how long {@code close()} waits for what is under way.
   *
   * @param timeout 0 to 10 min; 10 s by default
   * @return this
   */
  public B closeTimeout(Duration timeout) {
    closeTimeoutMillis = closeMillis(timeout);
    return self();
  }

  static int closeMillis(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    if (timeout.isNegative() || timeout.compareTo(LONGEST) > 0) {
      throw RocketMqException.of(
          ErrorKind.INVALID_ARGUMENT, "the close timeout is " + timeout + ", outside 0 to 10 min");
    }
    return (int) timeout.toMillis();
  }

  /** Whole milliseconds, 1 and up; the native library knows the upper limits. */
  static int millis(String name, Duration duration) {
    Objects.requireNonNull(duration, name);
    if (duration.compareTo(SHORTEST) < 0 || duration.compareTo(LARGEST) > 0) {
      throw RocketMqException.of(
          ErrorKind.INVALID_ARGUMENT,
          name + " is " + duration + ": give 1 ms to " + Integer.MAX_VALUE + " ms");
    }
    return (int) duration.toMillis();
  }

  static long epochMillis(String name, Instant instant) {
    Objects.requireNonNull(instant, name);
    try {
      return instant.toEpochMilli();
    } catch (ArithmeticException e) {
      throw RocketMqException.of(
          ErrorKind.INVALID_ARGUMENT,
          name + " is " + instant + ", which no message can carry: give a nearer one");
    }
  }

  static int positive(String name, int value) {
    if (value < 1) {
      throw RocketMqException.of(
          ErrorKind.INVALID_ARGUMENT, name + " is " + value + ": give 1 or more");
    }
    return value;
  }

  static long positive(String name, long value) {
    if (value < 1) {
      throw RocketMqException.of(
          ErrorKind.INVALID_ARGUMENT, name + " is " + value + ": give 1 or more");
    }
    return value;
  }

  static RocketMqException exception(NativeFailure failure) {
    return exception(failure.error());
  }

  static RocketMqException exception(NativeError error) {
    return RocketMqException.of(
        new RocketMqException.Details(
            ErrorKind.of(error.status()),
            error.message(),
            error.responseCode(),
            error.remark(),
            error.address(),
            error.topic(),
            error.attempts(),
            error.elapsed(),
            error.mayBeStored()));
  }
}
