package io.github.rocketffm;

/** How safely an acknowledged message is stored. All four are stored: a second send makes a duplicate. */
public enum SendStatus {
  /** Stored, replicated and flushed as the broker's settings ask. */
  SEND_OK,
  /** Not flushed to disk in time. */
  FLUSH_DISK_TIMEOUT,
  /** Not replicated in time. */
  FLUSH_SLAVE_TIMEOUT,
  /** There is no replica to replicate to. */
  SLAVE_NOT_AVAILABLE
}
