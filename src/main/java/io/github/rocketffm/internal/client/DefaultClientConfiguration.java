package io.github.rocketffm.internal.client;

import io.github.rocketffm.ClientConfiguration;
import io.github.rocketffm.ClientConfigurationBuilder;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.internal.calls.ClientSettings;

/** What all builders have, as a value. */
final class DefaultClientConfiguration implements ClientConfiguration {
  private final ClientSettings client;
  final int closeTimeoutMillis;

  private DefaultClientConfiguration(ClientSettings client, int closeTimeoutMillis) {
    this.client = client;
    this.closeTimeoutMillis = closeTimeoutMillis;
  }

  static DefaultClientConfiguration of(ClientConfiguration configuration) {
    if (configuration instanceof DefaultClientConfiguration own) {
      return own;
    }
    throw InvalidArgumentException.of(
        "configuration",
        configuration.getClass().getName(),
        "give one that ClientConfiguration.builder() made");
  }

  ClientSettings client() {
    return client.copy();
  }

  @Override
  public String toString() {
    return "ClientConfiguration[nameServers="
        + client.nameServers
        + (client.instanceName.isEmpty() ? "" : ", instanceName=" + client.instanceName)
        + "]";
  }

  static final class Builder extends SettingsBuilder<ClientConfigurationBuilder>
      implements ClientConfigurationBuilder {
    @Override
    ClientConfigurationBuilder self() {
      return this;
    }

    @Override
    public ClientConfiguration build() {
      return new DefaultClientConfiguration(client.copy(), closeTimeoutMillis);
    }
  }
}
