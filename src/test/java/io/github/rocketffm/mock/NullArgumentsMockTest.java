package io.github.rocketffm.mock;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.AllocationStrategy;
import io.github.rocketffm.ClientConfiguration;
import io.github.rocketffm.Compression;
import io.github.rocketffm.ConsumeFrom;
import io.github.rocketffm.ConsumeResult;
import io.github.rocketffm.ErrorKind;
import io.github.rocketffm.FilterExpression;
import io.github.rocketffm.Message;
import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.MessageSplitter;
import io.github.rocketffm.Producer;
import io.github.rocketffm.PushConsumer;
import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.SendResult;
import io.github.rocketffm.SendStatus;
import io.github.rocketffm.SimpleConsumer;
import io.github.rocketffm.TransactionSendResult;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.testing.MockCluster;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whatever method of the API is given a null says which of its parameters that was. */
@Tag("mock")
class NullArgumentsMockTest {
  private static final MessageQueue QUEUE = new MessageQueue("orders", "broker-a", 0);
  private static final Message MESSAGE = Message.builder("orders").body("x").build();
  private static final ReceivedMessage RECEIVED = ReceivedMessage.builder("orders").build();

  /** What is given in place of the parameters that are not null. */
  private static final Map<Class<?>, Object> VALUES =
      Map.ofEntries(
          Map.entry(String.class, "x"),
          Map.entry(String[].class, new String[] {"x"}),
          Map.entry(byte[].class, new byte[8]),
          Map.entry(int[].class, new int[] {1}),
          Map.entry(int.class, 1),
          Map.entry(long.class, 1L),
          Map.entry(boolean.class, true),
          Map.entry(Object.class, "x"),
          Map.entry(Duration.class, Duration.ofSeconds(1)),
          Map.entry(Instant.class, Instant.ofEpochSecond(1_800_000_000)),
          Map.entry(Path.class, Path.of("target")),
          Map.entry(ByteBuffer.class, ByteBuffer.allocate(1)),
          Map.entry(MemorySegment.class, MemorySegment.ofArray(new byte[1])),
          Map.entry(Collection.class, List.of(MESSAGE)),
          Map.entry(List.class, List.of(QUEUE)),
          Map.entry(Optional.class, Optional.empty()),
          Map.entry(Throwable.class, new Throwable()),
          Map.entry(Message.class, MESSAGE),
          Map.entry(MessageQueue.class, QUEUE),
          Map.entry(ReceivedMessage.class, RECEIVED),
          Map.entry(ClientConfiguration.class, ClientConfiguration.builder().build()),
          Map.entry(Compression.class, Compression.LZ4),
          Map.entry(ConsumeFrom.class, ConsumeFrom.firstOffset()),
          Map.entry(AllocationStrategy.class, AllocationStrategy.averagely()),
          Map.entry(FilterExpression.class, FilterExpression.all()),
          Map.entry(ErrorKind.class, ErrorKind.REJECTED),
          Map.entry(SendResult.class, SendResult.of("ID", QUEUE, 0)),
          Map.entry(SendStatus.class, SendStatus.SEND_OK),
          Map.entry(TransactionState.class, TransactionState.COMMIT));

  /** Types without an object of their own: static factories and constructors. */
  private static final List<Class<?>> TYPES =
      List.of(
          AllocationStrategy.class,
          AllocationStrategy.ByConfiguration.class,
          AllocationStrategy.ByMachineRoom.class,
          ConsumeFrom.class,
          ConsumeFrom.Timestamp.class,
          ConsumeResult.class,
          FilterExpression.class,
          Message.class,
          MessageQueue.class,
          Producer.class,
          PushConsumer.class,
          ReceivedMessage.class,
          RocketMqException.class,
          SendResult.class,
          SimpleConsumer.class,
          TransactionSendResult.class);

  /** What takes a null. */
  private static final Set<String> EXCEPTIONS = Set.of("equals(o)");

  private final List<String> wrong = new ArrayList<>();
  private int calls;

  @Test
  void everyNullIsToldByTheNameOfItsParameter() {
    TYPES.forEach(type -> check(null, type));
    check(Message.builder("orders"), io.github.rocketffm.MessageBuilder.class);
    check(ReceivedMessage.builder("orders"), io.github.rocketffm.ReceivedMessageBuilder.class);
    check(RECEIVED, ReceivedMessage.class);
    check(MESSAGE, Message.class);
    check(ConsumeResult.RETRY, ConsumeResult.class);
    check(new MessageSplitter(1000), MessageSplitter.class);
    check(
        RocketMqException.builder(ErrorKind.REJECTED, "x"),
        io.github.rocketffm.RocketMqExceptionBuilder.class);
    check(ClientConfiguration.builder(), io.github.rocketffm.ClientConfigurationBuilder.class);
    check(Producer.builder("g"), io.github.rocketffm.ProducerBuilder.class);
    check(PushConsumer.builder("g"), io.github.rocketffm.PushConsumerBuilder.class);
    check(SimpleConsumer.builder("g"), io.github.rocketffm.SimpleConsumerBuilder.class);
    try (MockCluster cluster = new MockCluster();
        Producer producer = Producer.builder("g").nameServers(cluster.nameServers()).start();
        SimpleConsumer simple =
            SimpleConsumer.builder("s").nameServers(cluster.nameServers()).start();
        PushConsumer push =
            PushConsumer.builder("p")
                .nameServers(cluster.nameServers())
                .listener(message -> ConsumeResult.SUCCESS)
                .start()) {
      check(producer, Producer.class);
      check(simple, SimpleConsumer.class);
      check(push, PushConsumer.class);
    }
    assertThat(wrong).isEmpty();
    assertThat(calls).isGreaterThan(100);
  }

  /** The static ones and constructors where there is no object, and otherwise the object's methods. */
  private void check(Object object, Class<?> type) {
    for (Method method : type.getMethods()) {
      if (Modifier.isStatic(method.getModifiers()) == (object == null)
          && method.getDeclaringClass() != Object.class) {
        checkParameters(method, arguments -> method.invoke(object, arguments));
      }
    }
    if (object == null) {
      for (Constructor<?> constructor : type.getConstructors()) {
        checkParameters(constructor, constructor::newInstance);
      }
    }
  }

  private interface Call {
    Object with(Object... arguments) throws ReflectiveOperationException;
  }

  private void checkParameters(Executable executable, Call call) {
    Parameter[] parameters = executable.getParameters();
    for (int i = 0; i < parameters.length; i++) {
      Parameter parameter = parameters[i];
      String name = executable.getName() + "(" + parameter.getName() + ")";
      boolean nullable = parameter.getAnnotatedType().isAnnotationPresent(Nullable.class);
      if (parameter.getType().isPrimitive() || nullable || EXCEPTIONS.contains(name)) {
        continue;
      }
      Object[] arguments = new Object[parameters.length];
      for (int j = 0; j < parameters.length; j++) {
        arguments[j] = j == i ? null : value(parameters[j].getType());
      }
      calls++;
      String told = told(call, arguments);
      if (!parameter.getName().equals(told)) {
        wrong.add(executable.getDeclaringClass().getSimpleName() + "." + name + ": " + told);
      }
    }
  }

  private static Object value(Class<?> type) {
    Object known = VALUES.get(type);
    if (known != null) {
      return known;
    }
    if (!type.isInterface()) {
      throw new AssertionError("there is no value of " + type + ": give one in VALUES");
    }
    // Of a listener, an executor and the like.
    return Proxy.newProxyInstance(
        type.getClassLoader() == null ? type.getClass().getClassLoader() : type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, arguments) -> null);
  }

  private static String told(Call call, Object[] arguments) {
    try {
      call.with(arguments);
      return "nothing was thrown";
    } catch (InvocationTargetException e) {
      return e.getCause() instanceof NullPointerException
          ? e.getCause().getMessage()
          : e.getCause().toString();
    } catch (ReflectiveOperationException e) {
      return e.toString();
    }
  }
}
