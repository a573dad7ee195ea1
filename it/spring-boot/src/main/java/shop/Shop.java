package shop;

import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

@SpringBootApplication
public class Shop {
  private final CountDownLatch two = new CountDownLatch(2);

  public static void main(String[] arguments) {
    SpringApplication.run(Shop.class, arguments).close();
  }

  @Bean
  Producer producer(@Value("${name-servers}") String nameServers) {
    return Producer.builder("order-service").nameServers(nameServers).start();
  }

  @Bean
  PushConsumer consumer(@Value("${name-servers}") String nameServers) {
    return PushConsumer.builder("billing")
        .nameServers(nameServers)
        .subscribe("orders", FilterExpression.tags("created", "paid"))
        .consumeFrom(ConsumeFrom.firstOffset())
        .listener(
            message -> {
              two.countDown();
              return ConsumeResult.SUCCESS;
            })
        .start();
  }

  @Bean
  CommandLineRunner sendsAndWaits(Producer producer, PushConsumer consumer) {
    return arguments -> {
      producer.send(Message.builder("orders").tag("created").body("hello").build());
      producer.send(Message.builder("orders").tag("paid").body("later").build());
      System.out.println(two.await(60, TimeUnit.SECONDS) ? "both came" : "missing: " + consumer.statistics());
    };
  }
}
