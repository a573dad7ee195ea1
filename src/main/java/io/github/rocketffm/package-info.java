/**
 * A client of Apache RocketMQ for Java 22 and later, over the native library librocketmq.
 *
 * <p>Start here:
 *
 * <pre>{@code
 * try (var producer = Producer.builder("order-service").nameServers("127.0.0.1:9876").start();
 *     var consumer = PushConsumer.builder("billing").nameServers("127.0.0.1:9876")
 *         .subscribe("orders", FilterExpression.all())
 *         .listener(message -> {
 *           System.out.println(message.bodyAsString());
 *           return ConsumeResult.SUCCESS;
 *         })
 *         .start()) {
 *   producer.send(Message.builder("orders").body("hello").build());
 *   consumer.awaitClose();
 * }
 * }</pre>
 *
 * <ul>
 *   <li>To send: {@link io.github.rocketffm.Producer}, {@link io.github.rocketffm.Message}, {@link
 *       io.github.rocketffm.SendResult}; transactions by {@link io.github.rocketffm.Producer#begin} or {@link
 *       io.github.rocketffm.TransactionListener}; large collections by {@link io.github.rocketffm.MessageSplitter}.
 *   <li>To be given messages: {@link io.github.rocketffm.PushConsumer} with a {@link
 *       io.github.rocketffm.MessageListener} or {@link io.github.rocketffm.BatchMessageListener}.
 *   <li>To ask for messages: {@link io.github.rocketffm.SimpleConsumer}.
 *   <li>What fails is a {@link io.github.rocketffm.RocketMqException}, with a class for each {@link
 *       io.github.rocketffm.ErrorKind}.
 * </ul>
 *
 * <p>Nothing is null here, neither given nor taken, unless it says so.
 */
@NullMarked
package io.github.rocketffm;

import org.jspecify.annotations.NullMarked;
