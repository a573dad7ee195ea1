package io.github.rocketffm.internal.client;

import io.github.rocketffm.ClientBuilder;
import io.github.rocketffm.ClientConfiguration;
import io.github.rocketffm.InvalidArgumentException;
import io.github.rocketffm.internal.calls.ClientSettings;
import io.github.rocketffm.internal.calls.Runtime;
import io.github.rocketffm.internal.memory.JavaNames;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** The settings that all builders have. */
abstract class SettingsBuilder<B extends ClientBuilder<B>> implements ClientBuilder<B> {
  private static final String API = "io.github.rocketffm.";
  private static final String CLIENT = API + "internal.client.";

  /** What ends touch, and what must be initialised as long as there is memory for it. */
  private static final List<String> CLASSES =
      List.of(
          API + "ClientClosedException",
          API + "ConsumeResult",
          API + "DeadlineExceededException",
          API + "ErrorKind",
          API + "MessageQueue",
          API + "RocketMqException",
          API + "RocketMqExceptionBuilder",
          API + "RocketMqExceptionBuilder$1",
          API + "SendStatus",
          API + "TransactionState",
          CLIENT + "CallFuture",
          CLIENT + "DefaultTransaction",
          CLIENT + "Failures",
          CLIENT + "ListenerRunner",
          CLIENT + "Redelivery",
          CLIENT + "SendFuture",
          CLIENT + "SendTurns",
          CLIENT + "TransactionChecks",
          CLIENT + "TransactionFuture");

  private static final String NAME_SERVERS_PROPERTY = "rocketmq.namesrv.addr";
  private static final String NAME_SERVERS_VARIABLE = "NAMESRV_ADDR";

  ClientSettings client = new ClientSettings();
  int closeTimeoutMillis = 10_000;

  abstract B self();

  /** Of the client that is started now. */
  ClientSettings clientSettings() {
    Runtime.ensureLoaded(CLASSES);
    JavaNames.prepare();
    ClientSettings copy = client.copy();
    if (copy.nameServers.isBlank()) {
      String property = System.getProperty(NAME_SERVERS_PROPERTY);
      String variable = System.getenv(NAME_SERVERS_VARIABLE);
      copy.nameServers = property != null ? property : variable != null ? variable : "";
    }
    if (copy.nameServers.isBlank()) {
      throw InvalidArgumentException.of(
          "no name servers are set: call nameServers on the builder, or set -D"
              + NAME_SERVERS_PROPERTY
              + " or the environment variable "
              + NAME_SERVERS_VARIABLE);
    }
    return copy;
  }

  @Override
  public B client(ClientConfiguration configuration) {
    DefaultClientConfiguration from =
        DefaultClientConfiguration.of(Objects.requireNonNull(configuration, "configuration"));
    client = from.client();
    closeTimeoutMillis = from.closeTimeoutMillis;
    return self();
  }

  @Override
  public B nameServers(String... addresses) {
    for (String address : Objects.requireNonNull(addresses, "addresses")) {
      Objects.requireNonNull(address, "an address of nameServers");
    }
    client.nameServers = String.join(";", addresses);
    return self();
  }

  @Override
  public B instanceName(String instanceName) {
    client.instanceName = Objects.requireNonNull(instanceName, "instanceName");
    return self();
  }

  @Override
  public B connectTimeout(Duration timeout) {
    client.connectTimeoutMillis = Arguments.timeoutMillis("connectTimeout", timeout);
    return self();
  }

  @Override
  public B requestTimeout(Duration timeout) {
    client.requestTimeoutMillis = Arguments.timeoutMillis("requestTimeout", timeout);
    return self();
  }

  @Override
  public B routeRefreshInterval(Duration interval) {
    client.routeRefreshMillis = Arguments.intervalMillis("routeRefreshInterval", interval);
    return self();
  }

  @Override
  public B heartbeatInterval(Duration interval) {
    client.heartbeatMillis = Arguments.intervalMillis("heartbeatInterval", interval);
    return self();
  }

  @Override
  public B maxFrameSize(int bytes) {
    client.maxFrameBytes = Arguments.positive("maxFrameSize", bytes);
    return self();
  }

  @Override
  public B closeTimeout(Duration timeout) {
    closeTimeoutMillis = Arguments.closeMillis(timeout);
    return self();
  }
}
