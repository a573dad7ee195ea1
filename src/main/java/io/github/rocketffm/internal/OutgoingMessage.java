package io.github.rocketffm.internal;

/** A message to send, as the public API was given it. */
public final class OutgoingMessage {
  public String topic = "";
  public String tag = "";
  public String keys = "";
  public String shardingKey = "";
  public String brokerName = "";
  public byte[] body = {};

  /** Name, value, name, value … */
  public String[] properties = {};

  public int flag;
  public int delayLevel;
  public int queueId;
  public long deliverAtMillis;
}
