package io.github.rocketffm;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;

/**
 * Cuts a large collection of messages into batches that {@link Producer#send(Collection)} takes, by their sizes and
 * by topic, queue and sharding key: neighbours that may not go together are in different batches. The order stays.
 */
public final class MessageSplitter {
  private static final int MOST_MESSAGES = 32_767;

  private final int maxBytes;
  private final int maxCount;

  /**
   * Makes one for batches of a size.
   *
   * @param maxBytes 1 and up: at most the producer's {@code maxMessageSize}, and the broker's
   */
  public MessageSplitter(int maxBytes) {
    this(maxBytes, MOST_MESSAGES);
  }

  /**
   * Makes one for batches of a size and a number.
   *
   * @param maxBytes 1 and up: at most the producer's {@code maxMessageSize}, and the broker's
   * @param maxCount 1 to 32,767
   */
  public MessageSplitter(int maxBytes, int maxCount) {
    this.maxBytes = InvalidArgumentException.positive("maxBytes", maxBytes);
    this.maxCount = InvalidArgumentException.positive("maxCount", maxCount);
    if (maxCount > MOST_MESSAGES) {
      throw InvalidArgumentException.of(
          "maxCount", maxCount, "brokers take no more than " + MOST_MESSAGES);
    }
  }

  /**
   * Splits.
   *
   * @param messages any number
   * @return batches of at least one message; together all messages in their order
   * @throws InvalidArgumentException for a message that alone is too large
   */
  public List<List<Message>> split(Collection<Message> messages) {
    List<List<Message>> batches = new ArrayList<>();
    List<Message> batch = new ArrayList<>();
    long bytes = 0;
    int place = 0;
    for (Message message : Objects.requireNonNull(messages, "messages")) {
      long size = message.sizeInBatch();
      if (size > maxBytes) {
        throw InvalidArgumentException.of(
            "message "
                + place
                + " takes "
                + size
                + " bytes in a batch, over the limit of "
                + maxBytes
                + ": send it by itself");
      }
      boolean joins =
          batch.size() < maxCount
              && bytes + size <= maxBytes
              && (batch.isEmpty() || goTogether(batch.getFirst(), message));
      if (!joins) {
        batches.add(batch);
        batch = new ArrayList<>();
        bytes = 0;
      }
      batch.add(message);
      bytes += size;
      place++;
    }
    if (!batch.isEmpty()) {
      batches.add(batch);
    }
    return batches;
  }

  private static boolean goTogether(Message first, Message second) {
    return first.topic().equals(second.topic())
        && first.queue().equals(second.queue())
        && first.shardingKey().equals(second.shardingKey());
  }
}
