package io.github.rocketffm.guide;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.Transaction;
import io.github.rocketffm.TransactionState;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Tells of an order only if it was stored. */
public final class TransactionExample {
  public static void main(String[] arguments) throws Exception {
    // In place of a database that all instances of the service share.
    Set<String> paid = ConcurrentHashMap.newKeySet();
    var received = new LinkedBlockingQueue<String>();
    try (Producer producer =
            Producer.builder("payment-service")
                .nameServers(arguments[0])
                // Brokers ask where a commit got lost, with the process that should have sent it,
                // say.
                .transactionChecker(
                    message ->
                        paid.contains(message.messageId())
                            ? TransactionState.COMMIT
                            : TransactionState.ROLLBACK)
                .start();
        PushConsumer consumer =
            PushConsumer.builder("shipping")
                .nameServers(arguments[0])
                .consumeFrom(ConsumeFrom.firstOffset())
                .subscribe("payments", FilterExpression.all())
                .listener(m -> received.add(m.bodyAsString()) ? ConsumeResult.SUCCESS : null)
                .start()) {
      try (Transaction lost = producer.begin(Message.builder("payments").body("no").build())) {
        System.out.println(lost.messageId() + " is rolled back, as nobody commits it");
      }
      try (Transaction payment = producer.begin(Message.builder("payments").body("yes").build())) {
        paid.add(payment.messageId());
        payment.commit();
      }
      if (!"yes".equals(received.poll(60, TimeUnit.SECONDS))) {
        throw new IllegalStateException("the payment that was committed did not arrive");
      }
    }
  }
}
