package io.github.rocketffm.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.rocketffm.MessageQueue;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An oracle that sees nothing would let every fault pass. */
@Tag("unit")
class LedgerTest {
  private static final MessageQueue QUEUE = new MessageQueue("faults-push", Cluster.B, 1);

  private final Ledger ledger = new Ledger();
  private final Track push = ledger.of(Kind.PUSH);
  private final Track orderly = ledger.of(Kind.ORDERLY);

  private static void send(Track track, String body) {
    track.end(track.begin(body));
    track.acknowledge(body, QUEUE);
  }

  private Outcome outcome() {
    Scenario scenario = Scenario.ofA("test", "a test", run -> {});
    return new Outcome(scenario, ledger, 0, 0, List.of(), List.of());
  }

  @Test
  void passesWhatIsRight() {
    send(push, "k-0");
    push.consume("k-0", QUEUE, 0);
    assertThat(outcome().passed()).isTrue();
  }

  @Test
  void seesWhatIsLost() {
    send(push, "k-0");
    assertThat(ledger.lost()).isEqualTo(1);
    assertThat(outcome().violations().toString()).contains("1 acknowledged, not consumed");
  }

  @Test
  void seesASendThatDoesNotEnd() {
    push.begin("k-0");
    assertThat(outcome().violations().toString()).contains("1 sends of PUSH did not end");
  }

  @Test
  void seesBrokenOrder() {
    send(orderly, "k-0");
    send(orderly, "k-1");
    orderly.consume("k-1", QUEUE, 1);
    orderly.consume("k-0", QUEUE, 0);
    assertThat(outcome().violations().toString()).contains("order per key is broken 1 times");
  }

  @Test
  void seesWhatNobodySentAndWhatWasRolledBack() {
    push.consume("stranger-0", QUEUE, 0);
    send(push, "k-0");
    push.forbid("k-0");
    push.consume("k-0", QUEUE, 1);
    assertThat(outcome().violations().toString()).contains("2 consumed that must not be");
  }

  @Test
  void countsDuplicates() {
    send(push, "k-0");
    push.consume("k-0", QUEUE, 0);
    push.consume("k-0", QUEUE, 0);
    assertThat(push.duplicates()).isEqualTo(1);
    assertThat(outcome().violations().toString()).contains("1 duplicates");
  }

  @Test
  void seesTwoListenersOfAQueue() {
    ledger.enter(QUEUE, "first");
    ledger.leave(QUEUE, "first");
    ledger.enter(QUEUE, "second");
    assertThat(ledger.shared()).isEmpty();
    ledger.enter(QUEUE, "first");
    assertThat(outcome().violations().toString()).contains("two listeners at once");
  }

  @Test
  void aQueueIsConsumedAgainByWhatWasSentSinceTheMark() {
    send(push, "k-0");
    ledger.mark();
    push.consume("k-0", QUEUE, 0);
    Map<Kind, Set<MessageQueue>> queues = Map.of(Kind.PUSH, Set.of(QUEUE));
    assertThat(ledger.missing(queues)).containsExactly(QUEUE);
    send(push, "k-1");
    push.consume("k-1", QUEUE, 1);
    assertThat(ledger.missing(queues)).isEmpty();
  }
}
