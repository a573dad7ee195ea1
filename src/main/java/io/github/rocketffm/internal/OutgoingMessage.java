package io.github.rocketffm.internal;

/** A message to send, as the public API was given it. */
public final class OutgoingMessage implements Cloneable {
  /** In a batch, besides texts and body: lengths, flag, unique id, and the names of properties. */
  private static final int FIXED_BYTES = 101;

  public String topic = "";
  public String tag = "";
  public String keys = "";
  public String shardingKey = "";
  public String brokerName = "";

  /** Of a reply, the encoded properties of the request that tell where it goes; then the topic is for show. */
  public String replyTo = "";

  public byte[] body = {};

  /** Name, value, name, value … */
  public String[] properties = {};

  public int flag;
  public int delayLevel;
  public int queueId;
  public long deliverAtMillis;

  /** The same message for one queue. */
  public OutgoingMessage to(String broker, int queue) {
    OutgoingMessage copy;
    try {
      copy = (OutgoingMessage) clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException(e);
    }
    copy.brokerName = broker;
    copy.queueId = queue;
    copy.shardingKey = "";
    return copy;
  }

  /** What it takes in a batch, at most; as the library counts. */
  public long sizeInBatch() {
    long bytes =
        FIXED_BYTES
            + body.length
            + Strings.utf8Length(tag)
            + Strings.utf8Length(keys)
            + Strings.utf8Length(shardingKey);
    for (String text : properties) {
      // Each is followed by a separator.
      bytes += Strings.utf8Length(text) + 1;
    }
    return bytes;
  }
}
