package io.github.rocketffm.internal.memory;

/** A text that is nearly always what it was the time before: made once then. Any thread. */
public final class LastText {
  private volatile String last = "";

  /** Of so many bytes of UTF-8 at an address. */
  public String find(long address, long length) {
    String known = last;
    if (QueueCache.isAscii(known, Memory.ALL, address, length)) {
      return known;
    }
    String text = Strings.get(Memory.ALL, address, length);
    last = text;
    return text;
  }
}
