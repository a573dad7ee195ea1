package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.testing.LogRecords;
import io.github.rocketffm.testing.MockCluster;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A name that is written wrong is the likeliest mistake of the first hour. */
@Tag("mock")
class MissingTopicMockTest {
  @Test
  void itIsToldOfOnceAndConsumedWhenItIsThere() throws Exception {
    CountDownLatch received = new CountDownLatch(1);
    try (LogRecords records = new LogRecords("io.github.rocketffm.native.consumer", Level.WARN);
        MockCluster cluster = MockCluster.withoutAutoCreate();
        PushConsumer consumer =
            PushConsumer.builder("billing")
                .nameServers(cluster.nameServers())
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("ordres", FilterExpression.all())
                .listener(
                    message -> {
                      received.countDown();
                      return ConsumeResult.SUCCESS;
                    })
                .start()) {
      await().until(() -> !records.messages().isEmpty());
      int before = cluster.requests(MockCluster.NAME_SERVER, MockCluster.ROUTE);
      await()
          .until(() -> cluster.requests(MockCluster.NAME_SERVER, MockCluster.ROUTE) > before + 2);
      assertThat(records.messages())
          .filteredOn(each -> each.contains("ordres"))
          .singleElement()
          .asString()
          .contains("billing", cluster.nameServers().split(";")[0], "updateTopic");
      cluster.createTopic("ordres", 1);
      cluster.put("ordres", 0, "hello");
      assertThat(received.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(consumer.statistics().messagesReceived()).isPositive();
    }
  }
}
