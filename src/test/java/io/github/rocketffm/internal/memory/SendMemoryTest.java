package io.github.rocketffm.internal.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.Message;
import io.github.rocketffm.internal.binding.rocketmq_message;
import io.github.rocketffm.internal.binding.rocketmq_string;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unit")
class SendMemoryTest {
  private static final int KIB = 1024;
  private static final int MIB = 1024 * KIB;

  /** As many as the pool has at the most. */
  private static final int POOLED = 256;

  private static OutgoingMessage message(byte[] body) {
    return OutgoingMessage.of(Message.builder("orders").tag("paid").body(body).build());
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31 + length);
    }
    return bytes;
  }

  private static byte[] bodyOf(MemorySegment written) {
    return rocketmq_message
        .body(written)
        .reinterpret(rocketmq_message.body_length(written))
        .toArray(ValueLayout.JAVA_BYTE);
  }

  private static String text(MemorySegment string) {
    MemorySegment data = rocketmq_string.data(string).reinterpret(rocketmq_string.length(string));
    return new String(data.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  private static void writeAndRead(SendMemory memory, byte[] body) throws NativeFailure {
    MemorySegment written = memory.message(message(body));
    assertThat(text(rocketmq_message.topic(written))).isEqualTo("orders");
    assertThat(text(rocketmq_message.tag(written))).isEqualTo("paid");
    assertThat(Arrays.equals(bodyOf(written), body)).isTrue();
  }

  private static boolean isFreed(SendMemory memory) {
    return !memory.error.scope().isAlive();
  }

  @Test
  void theNextSendGetsTheSameMemory() throws NativeFailure {
    SendMemory first = SendMemory.take(message(bytes(100)));
    writeAndRead(first, bytes(100));
    first.close();
    assertThat(isFreed(first)).isFalse();
    try (SendMemory second = SendMemory.take(message(bytes(100)))) {
      assertThat(second).isSameAs(first);
      writeAndRead(second, bytes(100));
    }
  }

  /** As what the one before had must not go on with this one. */
  @Test
  void memoryThatIsUsedAgainBeginsEmpty() throws NativeFailure {
    Message rich =
        Message.builder("payments")
            .tag("t")
            .key("k")
            .property("p", "v")
            .shardingKey("s")
            .delayLevel(3)
            .body("long enough")
            .build();
    try (SendMemory memory = SendMemory.take(OutgoingMessage.of(rich))) {
      assertThat(rocketmq_message.property_count(memory.message(OutgoingMessage.of(rich))))
          .isEqualTo(1);
      assertThat(memory.options(500, true)).isNotEqualTo(MemorySegment.NULL);
    }
    OutgoingMessage plain = OutgoingMessage.of(Message.builder("orders").body("x").build());
    try (SendMemory memory = SendMemory.take(plain)) {
      MemorySegment written = memory.message(plain);
      assertThat(text(rocketmq_message.topic(written))).isEqualTo("orders");
      assertThat(bodyOf(written)).containsExactly('x');
      assertThat(rocketmq_message.property_count(written)).isZero();
      assertThat(rocketmq_message.properties(written)).isEqualTo(MemorySegment.NULL);
      assertThat(rocketmq_message.delay_level(written)).isZero();
      for (MemorySegment absent :
          List.of(
              rocketmq_message.tag(written),
              rocketmq_message.keys(written),
              rocketmq_message.sharding_key(written),
              rocketmq_message.reply_to(written))) {
        assertThat(rocketmq_string.length(absent)).isZero();
      }
      assertThat(memory.options(0, false)).isEqualTo(MemorySegment.NULL);
    }
  }

  @Test
  void aLargerMessageGetsLargerMemoryWhichIsKept() throws NativeFailure {
    SendMemory.take(message(bytes(1))).close();
    SendMemory larger = SendMemory.take(message(bytes(MIB)));
    writeAndRead(larger, bytes(MIB));
    larger.close();
    assertThat(isFreed(larger)).isFalse();
    for (int length : new int[] {1, 9 * KIB, MIB}) {
      try (SendMemory again = SendMemory.take(message(bytes(length)))) {
        assertThat(again).as("for %d bytes", length).isSameAs(larger);
        writeAndRead(again, bytes(length));
      }
    }
  }

  /** Each has just the room that it needs, or a little more: what is written must not go beyond. */
  @Test
  void everySizeHasRoom() throws NativeFailure {
    for (int length = 0; length < 20 * KIB; length += 97) {
      try (SendMemory memory = SendMemory.take(message(bytes(length)))) {
        writeAndRead(memory, bytes(length));
      }
    }
    // In UTF-8 these have three bytes for each char, and the pairs of surrogates four.
    Message wide =
        Message.builder("orders")
            .key("€".repeat(5000))
            .property("p", "😀".repeat(5000))
            .body(bytes(3))
            .build();
    try (SendMemory memory = SendMemory.take(OutgoingMessage.of(wide))) {
      MemorySegment written = memory.message(OutgoingMessage.of(wide));
      assertThat(text(rocketmq_message.keys(written))).isEqualTo("€".repeat(5000));
      assertThat(bodyOf(written)).isEqualTo(bytes(3));
    }
  }

  @Test
  void aBodyBeyondWhatIsKeptHasMemoryOfItsOwnWhichIsFreedAtOnce() throws NativeFailure {
    SendMemory.take(message(bytes(1))).close();
    SendMemory large = SendMemory.take(message(bytes(5 * MIB)));
    writeAndRead(large, bytes(5 * MIB));
    large.close();
    assertThat(isFreed(large)).isTrue();
    try (SendMemory next = SendMemory.take(message(bytes(1)))) {
      assertThat(next).isNotSameAs(large);
      assertThat(isFreed(next)).isFalse();
    }
  }

  /** Nothing of it is copied, so it needs no room. */
  @Test
  void aBodyInMemoryOfTheThreadsOwnStaysWhereItIs() throws NativeFailure {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment body = arena.allocateFrom("in place");
      Message message = Message.builder("orders").body(body).build();
      try (SendMemory memory = SendMemory.take(OutgoingMessage.of(message))) {
        MemorySegment written = memory.message(OutgoingMessage.of(message));
        assertThat(rocketmq_message.body(written).address()).isEqualTo(body.address());
        assertThat(rocketmq_message.body_length(written)).isEqualTo(body.byteSize());
      }
    }
  }

  @Test
  void anyNumberOfSendsAtOnceHaveMemoryAndOnlySomeOfItIsKept() throws NativeFailure {
    int count = POOLED + 100;
    for (int round = 0; round < 3; round++) {
      List<SendMemory> taken = new ArrayList<>();
      Set<SendMemory> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
      List<MemorySegment> written = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        OutgoingMessage message = message(bytes(i));
        SendMemory memory = SendMemory.take(message);
        taken.add(memory);
        distinct.add(memory);
        written.add(memory.message(message));
      }
      assertThat(distinct).hasSize(count);
      for (int i = 0; i < count; i++) {
        assertThat(bodyOf(written.get(i))).isEqualTo(bytes(i));
      }
      taken.forEach(SendMemory::close);
      assertThat(taken.stream().filter(SendMemoryTest::isFreed).count())
          .as("those beyond the pool")
          .isGreaterThanOrEqualTo(count - POOLED);
      // What the pool let go of makes room in it again.
      SendMemory next = SendMemory.take(message(bytes(1)));
      next.close();
      assertThat(isFreed(next)).isFalse();
    }
  }

  /** The pool has at most 32 MiB: what would be more is freed with the send. */
  @Test
  void thePoolIsBoundedByItsBytesToo() {
    List<SendMemory> taken = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      taken.add(SendMemory.take(message(bytes(MIB))));
    }
    taken.forEach(SendMemory::close);
    assertThat(taken.stream().filter(SendMemoryTest::isFreed).count())
        .isGreaterThanOrEqualTo(40 - 32);
    assertThat(taken.stream().filter(memory -> !isFreed(memory)).count()).isPositive();
  }
}
