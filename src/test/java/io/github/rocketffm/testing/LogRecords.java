package io.github.rocketffm.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What a logger is told, in place of where it goes otherwise. */
public final class LogRecords extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger;
  private final List<ILoggingEvent> records = new CopyOnWriteArrayList<>();

  public LogRecords(String name, Level level) {
    logger = (Logger) LoggerFactory.getLogger(name);
    start();
    logger.setLevel(level);
    logger.setAdditive(false);
    logger.addAppender(this);
  }

  @Override
  protected void append(ILoggingEvent event) {
    records.add(event);
  }

  public List<ILoggingEvent> all() {
    return List.copyOf(records);
  }

  public List<String> messages() {
    return records.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Override
  public void close() {
    logger.setLevel(null);
    logger.setAdditive(true);
    logger.detachAppender(this);
  }
}
