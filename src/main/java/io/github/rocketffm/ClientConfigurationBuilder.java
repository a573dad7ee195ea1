package io.github.rocketffm;

/** Builds a configuration. May be used again: each one takes the settings as they are then. */
public interface ClientConfigurationBuilder extends ClientBuilder<ClientConfigurationBuilder> {
  /**
   * Makes the configuration.
   *
   * @return the configuration
   */
  ClientConfiguration build();
}
