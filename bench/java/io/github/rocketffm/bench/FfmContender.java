package io.github.rocketffm.bench;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.ProducerBuilder;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/** This project's Java library. Argument: the name server. */
public final class FfmContender implements BenchClient {
  private static final int LARGEST_BODY = 4096;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final String nameServer;

  /** For reading bodies without garbage. */
  private final ConcurrentLinkedQueue<byte[]> buffers = new ConcurrentLinkedQueue<>();

  private long sum;

  private FfmContender(String nameServer) {
    this.nameServer = nameServer;
  }

  public static void main(String[] arguments) throws Exception {
    new Contender(new FfmContender(arguments[0])).serve();
  }

  @Override
  public Sender sender(String group, int inFlight, int lingerMillis) {
    ProducerBuilder builder =
        Producer.builder(group)
            .nameServers(nameServer)
            .sendTimeout(TIMEOUT)
            .maxInFlight(inFlight)
            .blockWhenFull(true)
            .neverCompress();
    if (lingerMillis > 0) {
      builder
          .autoBatch(Duration.ofMillis(lingerMillis))
          // The number comes first.
          .autoBatchLimits(BATCH * 1024, BATCH);
    }
    Producer producer = builder.start();
    return new Sender() {
      @Override
      public void send(String topic, byte[] body) {
        producer.send(message(topic, body));
      }

      @Override
      public void sendAsync(String topic, byte[] body, Consumer<Throwable> done) {
        producer
            .sendAsync(message(topic, body))
            .whenComplete((result, failure) -> done.accept(failure));
      }

      @Override
      public Message message(String topic, byte[] body) {
        return Message.builder(topic).body(body).build();
      }

      @Override
      public void close() {
        producer.close();
      }
    };
  }

  @Override
  public AutoCloseable consume(
      String group, String topic, boolean fromFirst, int batch, Listener listener) {
    return PushConsumer.builder(group)
        .nameServers(nameServer)
        .subscribe(topic, FilterExpression.all())
        .consumeFrom(fromFirst ? ConsumeFrom.firstOffset() : ConsumeFrom.lastOffset())
        .batchSize(batch)
        .batchListener(
            messages -> {
              byte[] buffer = buffers.poll();
              if (buffer == null) {
                buffer = new byte[LARGEST_BODY];
              }
              for (ReceivedMessage message : messages) {
                int length = message.copyBody(buffer, 0);
                sum += buffer[length - 1];
                listener.message(buffer);
              }
              buffers.add(buffer);
              listener.batch(messages.size());
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  /** The native library's and the Java classes'. */
  @Override
  public boolean isOwnThread(String name) {
    return name.startsWith("rmq-") || name.startsWith("rocketmq-");
  }
}
