package io.github.rocketffm.internal.client;

import io.github.rocketffm.Message;
import io.github.rocketffm.Producer;
import io.github.rocketffm.RocketMqException;
import io.github.rocketffm.TransactionChecker;
import io.github.rocketffm.TransactionListener;
import io.github.rocketffm.TransactionSendResult;
import io.github.rocketffm.TransactionState;
import io.github.rocketffm.internal.calls.NativeCheck;
import io.github.rocketffm.internal.memory.NativeSendResult;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands the brokers' questions to a producer's checker, on its executor. */
final class TransactionChecks {
  private static final Logger LOGGER = LoggerFactory.getLogger(Producer.class);

  /** Whose checker runs on this thread: closing that producer must not wait for the checker. */
  private static final ThreadLocal<TransactionChecks> CURRENT = new ThreadLocal<>();

  private final TransactionChecker checker;
  private final Executor executor;
  private final ExecutorService ownExecutor;

  TransactionChecks(TransactionChecker checker, Executor executor) {
    this.checker = checker;
    ownExecutor = executor == null ? VirtualThreads.newExecutor() : null;
    this.executor = executor == null ? ownExecutor : executor;
  }

  boolean isCurrent() {
    return CURRENT.get() == this;
  }

  /** Null where it only checks. */
  TransactionListener listener() {
    return checker instanceof TransactionListener listener ? listener : null;
  }

  /** Carries the local transaction of a stored half message out, and ends it. */
  TransactionSendResult execute(
      ProducerTransactions transactions, Message message, NativeSendResult half, Object argument) {
    TransactionState state = TransactionState.UNKNOWN;
    Throwable failure = null;
    try {
      TransactionState answer = listener().execute(message, half, argument);
      if (answer != null) {
        state = answer;
      } else {
        LOGGER.warn("the listener returned null for {}: the broker will ask", half);
      }
    } catch (Throwable e) {
      failure = e;
      LOGGER.warn("the local transaction of {} failed: the broker will ask", half, e);
    }
    try {
      transactions.end(half.transaction(), state);
    } catch (RocketMqException e) {
      LOGGER.warn("the broker was not told that {} is to get {}: it will ask", half, state, e);
      if (failure == null) {
        failure = e;
      }
    }
    if (failure instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    return new TransactionSendResult(half, state, Optional.ofNullable(failure));
  }

  /** Once no check begins any more. */
  void close() {
    if (ownExecutor != null) {
      ownExecutor.shutdown();
    }
  }

  /** On a thread of the library. False for want of memory or of threads: it comes again. */
  boolean receive(NativeCheck check) {
    try {
      executor.execute(() -> run(check));
    } catch (OutOfMemoryError e) {
      return false;
    } catch (Throwable e) {
      // Where it runs all the same, the checker's is the answer.
      if (check.begin()) {
        warn(
            "the executor refused the check of a transaction: the broker will ask again", check, e);
        check.answer(TransactionState.UNKNOWN.ordinal());
      }
    }
    return true;
  }

  private void run(NativeCheck check) {
    if (!check.begin()) {
      return;
    }
    TransactionState state = TransactionState.UNKNOWN;
    boolean interrupted = false;
    try {
      CURRENT.set(this);
      TransactionState answer = checker.check(check.message());
      if (answer == null) {
        warn("the checker returned null: the broker will ask again", check, null);
      } else {
        state = answer;
      }
    } catch (Throwable e) {
      interrupted = e instanceof InterruptedException;
      warn("the checker failed: the broker will ask again", check, e);
    } finally {
      forget();
      check.answer(state.ordinal());
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Must not keep a check from its answer either. */
  private static void forget() {
    try {
      CURRENT.remove();
    } catch (Throwable e) {
      // The next check on the thread sets its own.
    }
  }

  /** A logging backend that fails must not keep a check from its answer. */
  private static void warn(String what, NativeCheck check, Throwable cause) {
    try {
      LOGGER.warn("{} ({})", what, check.message(), cause);
    } catch (Throwable e) {
      // There is nobody left to tell.
    }
  }
}
