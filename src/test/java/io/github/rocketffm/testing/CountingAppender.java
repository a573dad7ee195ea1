package io.github.rocketffm.testing;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts records. */
final class CountingAppender extends AppenderBase<ILoggingEvent> {
  final AtomicInteger count = new AtomicInteger();

  @Override
  protected void append(ILoggingEvent event) {
    count.incrementAndGet();
  }
}
