package io.github.rocketffm.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A proxy that does not do what it is told would let every fault pass. */
@Tag("unit")
class TcpProxyTest {
  private static final byte[] HELLO = {1, 2, 3, 4, 5, 6, 7, 8};

  private final ServerSocket server;
  private final TcpProxy proxy;
  private Socket client;

  TcpProxyTest() throws IOException {
    server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    proxy = new TcpProxy(freeAddress(), (InetSocketAddress) server.getLocalSocketAddress());
  }

  private static InetSocketAddress freeAddress() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  /** A server that sends back what it gets. */
  @BeforeEach
  void echo() throws IOException {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                for (; ; ) {
                  Socket socket = server.accept();
                  Thread.ofVirtual().start(() -> echo(socket));
                }
              } catch (IOException e) {
                // The end of the test.
              }
            });
    client = connect();
  }

  private static void echo(Socket socket) {
    try (socket) {
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException e) {
      // Reset, as the test wants it.
    }
  }

  private Socket connect() throws IOException {
    String[] address = proxy.address().split(":");
    Socket socket = new Socket(address[0], Integer.parseInt(address[1]));
    socket.setSoTimeout(10_000);
    return socket;
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    proxy.close();
    server.close();
  }

  private byte[] roundTrip(byte[] bytes) throws IOException {
    client.getOutputStream().write(bytes);
    return client.getInputStream().readNBytes(bytes.length);
  }

  @Test
  void passesBytes() throws IOException {
    assertThat(roundTrip(HELLO)).isEqualTo(HELLO);
    assertThat(proxy.accepted()).isEqualTo(1);
  }

  @Test
  void passesTheEnd() throws IOException {
    client.getOutputStream().write(HELLO);
    client.shutdownOutput();
    assertThat(client.getInputStream().readAllBytes()).isEqualTo(HELLO);
  }

  @Test
  void holdsBackWhileSilentAndPassesItAfterwards() throws IOException {
    roundTrip(HELLO);
    proxy.apply(LinkFault.blackHole());
    client.setSoTimeout(200);
    assertThatThrownBy(() -> roundTrip(HELLO)).isInstanceOf(SocketTimeoutException.class);
    proxy.apply(LinkFault.NONE);
    client.setSoTimeout(10_000);
    assertThat(client.getInputStream().readNBytes(HELLO.length)).isEqualTo(HELLO);
  }

  @Test
  void delaysEachWay() throws IOException {
    proxy.apply(LinkFault.delay(150));
    // What is read already at the change passes undelayed.
    roundTrip(HELLO);
    Instant begin = Instant.now();
    roundTrip(HELLO);
    assertThat(Duration.between(begin, Instant.now())).isGreaterThan(Duration.ofMillis(290));
  }

  @Test
  void throttles() throws IOException {
    proxy.apply(LinkFault.throttle(10_000));
    Instant begin = Instant.now();
    roundTrip(new byte[5_000]);
    assertThat(Duration.between(begin, Instant.now())).isGreaterThan(Duration.ofMillis(440));
  }

  @Test
  void resetsAfterHalfOfAPiece() throws Exception {
    proxy.apply(LinkFault.resets(1));
    client.getOutputStream().write(HELLO);
    assertThatThrownBy(
            () -> {
              // The reset may be seen as an end, and a part of the echo before it.
              assertThat(client.getInputStream().readAllBytes()).hasSizeLessThan(HELLO.length);
              throw new IOException("ended");
            })
        .isInstanceOf(IOException.class);
  }

  @Test
  void closesHalfAfterHalfOfAPiece() throws IOException {
    proxy.apply(LinkFault.halfCloses(1));
    client.getOutputStream().write(HELLO);
    // An end in order, not a reset.
    assertThat(client.getInputStream().readAllBytes().length).isLessThan(HELLO.length);
  }

  @Test
  void changesOneBitOfAResponse() throws IOException {
    proxy.apply(LinkFault.flips(1));
    byte[] back = roundTrip(HELLO);
    int changed = 0;
    for (int i = 0; i < HELLO.length; i++) {
      changed += Integer.bitCount((back[i] ^ HELLO[i]) & 0xff);
    }
    assertThat(changed).isEqualTo(1);
  }

  @Test
  void resetsWhatIsOpenAndRefusesUntilItAccepts() throws Exception {
    roundTrip(HELLO);
    proxy.refuse();
    assertThatThrownBy(() -> roundTrip(HELLO)).isInstanceOf(IOException.class);
    assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
    proxy.accept();
    client = connect();
    assertThat(roundTrip(HELLO)).isEqualTo(HELLO);
  }

  @Test
  void resetsWhenTheServerIsDown() throws Exception {
    server.close();
    CompletableFuture<Integer> read =
        CompletableFuture.supplyAsync(
            () -> {
              try (Socket socket = connect()) {
                return socket.getInputStream().read();
              } catch (IOException e) {
                return -1;
              }
            });
    assertThat(read.get()).isEqualTo(-1);
  }
}
