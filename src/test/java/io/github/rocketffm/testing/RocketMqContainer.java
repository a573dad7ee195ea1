package io.github.rocketffm.testing;

import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/**
 * A name server and a broker in one container. The broker tells clients its address, so that its port is the same
 * inside and outside; the name server's is fixed too, to outlive a restart of the container.
 */
public final class RocketMqContainer extends GenericContainer<RocketMqContainer> {
  private static final Duration START_TIMEOUT = Duration.ofMinutes(2);
  private final int nameServerPort = freePort();

  public RocketMqContainer(String image) {
    super(DockerImageName.parse(image));
    int brokerPort = freePort();
    withImagePullPolicy(name -> false);
    addFixedExposedPort(nameServerPort, nameServerPort);
    addFixedExposedPort(brokerPort, brokerPort);
    withCopyToContainer(
        Transferable.of("listenPort=" + nameServerPort + "\n"), "/etc/namesrv.conf");
    withCopyToContainer(
        Transferable.of(
            String.join(
                "\n",
                "brokerName=broker-a",
                "brokerIP1=127.0.0.1",
                "listenPort=" + brokerPort,
                "namesrvAddr=127.0.0.1:" + nameServerPort,
                "storePathRootDir=/var/store",
                "storePathCommitLog=/var/store/commitlog",
                "mappedFileSizeCommitLog=134217728",
                "diskMaxUsedSpaceRatio=99",
                "autoCreateTopicEnable=true",
                "")),
        "/etc/broker.conf");
    waitingFor(
        Wait.forLogMessage(".*The broker.*boot success.*", 1).withStartupTimeout(START_TIMEOUT));
  }

  @Override
  public void start() {
    super.start();
    awaitServing();
  }

  /** Kills every process in the container, and starts it again with what it stored. */
  public void restart() {
    getDockerClient().killContainerCmd(getContainerId()).exec();
    getDockerClient().startContainerCmd(getContainerId()).exec();
    awaitServing();
  }

  /** Freezes every process: connections stay, and nobody answers. */
  public void pause() {
    getDockerClient().pauseContainerCmd(getContainerId()).exec();
  }

  public void unpause() {
    getDockerClient().unpauseContainerCmd(getContainerId()).exec();
  }

  public String nameServerAddress() {
    return "127.0.0.1:" + nameServerPort;
  }

  private void awaitServing() {
    try {
      ClusterProbe.awaitServing(nameServerAddress(), START_TIMEOUT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
