package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.rocketmq_client_options;
import io.github.rocketffm.internal.memory.Strings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** How to reach a cluster; numbers of 0 are the library's defaults. */
public final class ClientSettings implements Cloneable {
  private static final int DEFAULT_REQUEST_TIMEOUT_MILLIS = 3000;

  public String nameServers = "";
  public String instanceName = "";
  public String namespace = "";
  public int connectTimeoutMillis;
  public int requestTimeoutMillis;
  public int routeRefreshMillis;
  public int heartbeatMillis;
  public int maxFrameBytes;

  MemorySegment write(Arena arena) throws Strings.MalformedText {
    MemorySegment options = rocketmq_client_options.allocate(arena);
    rocketmq_client_options.size(options, rocketmq_client_options.sizeof());
    Strings.set(rocketmq_client_options.name_servers(options), nameServers, arena);
    Strings.set(rocketmq_client_options.instance_name(options), instanceName, arena);
    Strings.set(rocketmq_client_options.namespace_name(options), namespace, arena);
    rocketmq_client_options.connect_timeout_ms(options, connectTimeoutMillis);
    rocketmq_client_options.request_timeout_ms(options, requestTimeoutMillis);
    rocketmq_client_options.route_refresh_interval_ms(options, routeRefreshMillis);
    rocketmq_client_options.heartbeat_interval_ms(options, heartbeatMillis);
    rocketmq_client_options.max_frame_bytes(options, maxFrameBytes);
    return options;
  }

  public ClientSettings copy() {
    try {
      return (ClientSettings) clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What is set, or the library's default. */
  public int requestTimeoutMillis() {
    return requestTimeoutMillis == 0 ? DEFAULT_REQUEST_TIMEOUT_MILLIS : requestTimeoutMillis;
  }
}
