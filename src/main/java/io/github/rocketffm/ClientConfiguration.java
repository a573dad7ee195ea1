package io.github.rocketffm;

/**
 * How to reach a cluster, for any number of producers and consumers: given to each of their builders, it makes sure
 * that they share one native client. Immutable, for any thread.
 *
 * <pre>{@code
 * var cluster = ClientConfiguration.builder().nameServers("127.0.0.1:9876").build();
 * var producer = Producer.builder("order-service").client(cluster).start();
 * var consumer = SimpleConsumer.builder("billing").client(cluster)
 *     .subscribe("orders", FilterExpression.all()).start();
 * }</pre>
 */
public interface ClientConfiguration {
  /**
   * Begins a configuration.
   *
   * @return a builder, with the defaults of {@link ClientBuilder}
   */
  static ClientConfigurationBuilder builder() {
    return Provider.get().clientConfiguration();
  }
}
