package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_log_record;
import io.github.rocketffm.internal.memory.JavaNames;
import io.github.rocketffm.internal.memory.Strings;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Brings the library's log records to SLF4J, each under the name of its layer. */
final class NativeLog {
  static final String PREFIX = "io.github.rocketffm.native";
  private static final Level[] LEVELS = {
    Level.TRACE, Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR
  };
  private static final int OFF = 5;

  /** Where nobody was told before, it takes no time. */
  private static final long LONGEST_INSTALL_MILLIS = 1000;

  private static final String[] LAYERS = {"base", "net", "client", "producer", "consumer", "capi"};
  private static final Map<String, Logger> LOGGERS = new ConcurrentHashMap<>();

  /** A system property, as class loaders share nothing else: the number of the source that gets the records. */
  private static final String OWNER = "io.github.rocketffm.log";

  private static final Records RECORDS = new Records();
  private static final AtomicBoolean REFRESHING = new AtomicBoolean();
  private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(4);
  private static volatile long refreshedAt = System.nanoTime();

  private NativeLog() {}

  /**
   * With each client that is started, and now and then: takes over what SLF4J asks for now. The library has one
   * receiver for the whole process: of several class loaders the first one, and once that has no clients any more,
   * another one.
   */
  static void open() {
    long source = Events.logSource(RECORDS);
    Object owner = source == 0 ? null : System.getProperties().putIfAbsent(OWNER, source);
    if (owner == null && source != 0) {
      if (Events.isLogSource(source)) {
        install(source);
      } else {
        // The last client was closed meanwhile.
        closed(source);
      }
    } else if (owner != null && owner.equals(source)) {
      Rocketmq.rocketmq_set_log_level(lowestLevel(), MemorySegment.NULL);
    }
  }

  /** The library waits for a record that the receiver before is about to log, perhaps for ever: not here. */
  private static void install(long source) {
    boolean begun = false;
    try {
      int level = lowestLevel();
      Thread installing =
          Thread.ofPlatform()
              .daemon()
              .inheritInheritableThreadLocals(false)
              .name("rocketmq-log")
              .start(
                  () ->
                      Rocketmq.rocketmq_set_log_callback(
                          Rocketmq.rocketmq_event_on_log$address(),
                          source,
                          level,
                          MemorySegment.NULL));
      begun = true;
      installing.join(LONGEST_INSTALL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (!begun) {
        // Tried again before long.
        closed(source);
      }
    }
  }

  /** Now and then, should the receiver have gone, or a level have been changed. */
  static void refresh() {
    long now = System.nanoTime();
    // One thread at a time: a logging backend that blocks holds up no other.
    if (now - refreshedAt < REFRESH_NANOS || REFRESHING.getAndSet(true)) {
      return;
    }
    refreshedAt = now;
    try {
      open();
    } catch (RuntimeException | OutOfMemoryError e) {
      // A broken logging backend is nobody's to be told of, and the next round comes.
    } finally {
      REFRESHING.set(false);
    }
  }

  /** Its source was closed. */
  static void closed(long source) {
    System.getProperties().remove(OWNER, source);
  }

  /** Of all layers, as each may have a level of its own. */
  private static int lowestLevel() {
    for (int level = 0; level < LEVELS.length; level++) {
      for (String layer : LAYERS) {
        if (logger(layer).isEnabledForLevel(LEVELS[level])) {
          return level;
        }
      }
    }
    return OFF;
  }

  private static Logger logger(String layer) {
    return LOGGERS.computeIfAbsent(layer, name -> LoggerFactory.getLogger(PREFIX + "." + name));
  }

  /** A record that finds no memory, or a broken logging backend, is dropped after a while. */
  private static final class Records implements Events.Handler {
    @Override
    public ClassLoader loader() {
      return null;
    }

    @Override
    public void handle(Event event) {
      if (event.isLastTry()) {
        return;
      }
      try {
        MemorySegment record =
            MemorySegment.ofAddress(event.data()).reinterpret(rocketmq_log_record.sizeof());
        String layer = Strings.get(rocketmq_log_record.layer(record));
        logger(layer)
            .atLevel(LEVELS[rocketmq_log_record.level(record)])
            .log(
                "[{}] {}",
                Strings.get(rocketmq_log_record.thread(record)),
                JavaNames.in(Strings.get(rocketmq_log_record.message(record))));
      } catch (RuntimeException e) {
        // A broken logging backend is nobody's to be told of.
      }
    }
  }
}
