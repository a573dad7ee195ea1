package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.OperationInterruptedException;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.testing.MockCluster;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How a main thread stays until somebody closes what it started. */
@Tag("mock")
class AwaitCloseMockTest {
  private MockCluster cluster;

  @BeforeEach
  void startCluster() {
    cluster = new MockCluster();
  }

  @AfterEach
  void stopCluster() {
    cluster.close();
  }

  private record Client(AutoCloseable closeable, Runnable awaitClose) {}

  private List<Client> clients() {
    Producer producer = Producer.builder("group").nameServers(cluster.nameServers()).start();
    PushConsumer push =
        PushConsumer.builder("push")
            .nameServers(cluster.nameServers())
            .subscribe("orders", FilterExpression.all())
            .listener(message -> ConsumeResult.SUCCESS)
            .start();
    SimpleConsumer simple =
        SimpleConsumer.builder("simple")
            .nameServers(cluster.nameServers())
            .subscribe("orders", FilterExpression.all())
            .start();
    return List.of(
        new Client(producer, producer::awaitClose),
        new Client(push, push::awaitClose),
        new Client(simple, simple::awaitClose));
  }

  @Test
  void itEndsWithTheCloseOfAnotherThread() throws Exception {
    for (Client client : clients()) {
      Thread waiting = Thread.ofPlatform().start(client.awaitClose());
      await().until(() -> waiting.getState() == Thread.State.WAITING);
      client.closeable().close();
      waiting.join();
      // And at once when it is closed already.
      client.awaitClose().run();
    }
  }

  @Test
  void anInterruptEndsItAndStaysSet() throws Exception {
    for (Client client : clients()) {
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      AtomicReference<Boolean> set = new AtomicReference<>();
      Thread waiting =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      client.awaitClose().run();
                    } catch (OperationInterruptedException e) {
                      thrown.set(e);
                      set.set(Thread.currentThread().isInterrupted());
                    }
                  });
      waiting.interrupt();
      waiting.join();
      assertThat(thrown.get()).isInstanceOf(OperationInterruptedException.class);
      assertThat(set.get()).isTrue();
      client.closeable().close();
    }
  }
}
