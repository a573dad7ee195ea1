package io.github.rocketffm;

import java.time.Duration;

/**
 * What producers and consumers are built with alike. Builders whose settings of this class are equal share one
 * client: its connections, routes and two native threads; one {@link ClientConfiguration} for all of them keeps them
 * equal. Not for several threads at once.
 *
 * @param <B> the builder itself
 */
public interface ClientBuilder<B extends ClientBuilder<B>> {
  /**
   * Takes over all settings of this class from a configuration, its defaults included, in place of what was set here
   * before. A method that is called afterwards overrides one of them, after which the native client is not that of the
   * others any more ({@link #closeTimeout} alone does not count).
   *
   * @param configuration of {@link ClientConfiguration#builder()}
   * @return this
   * @throws InvalidArgumentException for a configuration that was made otherwise
   */
  B client(ClientConfiguration configuration);

  /**
   * Sets the name servers. Where they are not set, the system property {@code rocketmq.namesrv.addr} tells them, and
   * otherwise the environment variable {@code NAMESRV_ADDR}, as with Apache's client.
   *
   * @param addresses {@code host:port} each, or several joined by ';'; IPv6 literals as {@code [::1]:9876}
   * @return this
   */
  B nameServers(String... addresses);

  /**
   * Tells apart clients of one process that must not share.
   *
   * @param instanceName 1 to 120 letters, digits, '_' and '-'
   * @return this
   */
  B instanceName(String instanceName);

  /**
   * Limits the time to establish a connection.
   *
   * @param timeout 1 ms to 10 min; 3 s by default
   * @return this
   */
  B connectTimeout(Duration timeout);

  /**
   * Limits the time of requests to name servers, and of control requests to brokers.
   *
   * @param timeout 1 ms to 10 min; 3 s by default
   * @return this
   */
  B requestTimeout(Duration timeout);

  /**
   * Sets how often routes are refreshed.
   *
   * @param interval 10 ms to 1 h; 30 s by default
   * @return this
   */
  B routeRefreshInterval(Duration interval);

  /**
   * Sets how often brokers are told that the client lives.
   *
   * @param interval 10 ms to 1 h; 30 s by default
   * @return this
   */
  B heartbeatInterval(Duration interval);

  /**
   * Limits what is read of a server at once. Brokers always give one message whole: where their {@code maxMessageSize}
   * is raised, this must have room for such a message and its properties.
   *
   * @param bytes 4,325,376 to 16,777,216, which is the default and RocketMQ's own limit
   * @return this
   */
  B maxFrameSize(int bytes);

  /**
   * Sets how long {@code close()} waits for what is under way.
   *
   * @param timeout 0 to 10 min; 10 s by default
   * @return this
   */
  B closeTimeout(Duration timeout);
}
