#include "capi/event_queue.h"

#include <algorithm>
#include <new>

namespace rocketmq::capi {

namespace {

constexpr uint64_t kLinesPerSource = 2;
// After so long without a free thread, the one that watches takes an event itself.
constexpr Millis kOverdue{10};

size_t line_of(int32_t kind) { return kind == ROCKETMQ_EVENT_QUEUES_CHANGED ? 1 : 0; }

}  // namespace

struct EventQueue::Entry {
  rocketmq_event event{};
  Entry* next = nullptr;
  // A callback waits for it on its own stack; otherwise it is on the heap.
  bool awaited = false;
  bool done = false;
  std::condition_variable handled;
};

struct EventQueue::Line {
  Source* source = nullptr;
  Entry* first = nullptr;
  Entry* last = nullptr;
  // The first one is with the application.
  bool given = false;
  TimePoint since{};
  Line* previous_line = nullptr;
  Line* next_line = nullptr;
  LineList* list = nullptr;
};

struct EventQueue::Source {
  EventQueue* queue = nullptr;
  uint64_t number = 0;
  bool removed = false;
  Line lines[kLinesPerSource];
};

struct EventQueue::Registry {
  std::mutex mutex;
  std::unordered_map<uint64_t, std::unique_ptr<Source>> sources;
  uint64_t last_number = 0;
};

// Never freed, so that no static destructor meets a thread that waits in it.
EventQueue::Registry& EventQueue::registry() {
  static auto* const made = new Registry;
  return *made;
}

void EventQueue::LineList::add(Line& line) {
  line.list = this;
  line.previous_line = last;
  line.next_line = nullptr;
  (last == nullptr ? first : last->next_line) = &line;
  last = &line;
}

void EventQueue::LineList::add_first(Line& line) {
  line.list = this;
  line.previous_line = nullptr;
  line.next_line = first;
  (first == nullptr ? last : first->previous_line) = &line;
  first = &line;
}

void EventQueue::LineList::remove(Line& line) {
  (line.previous_line == nullptr ? first : line.previous_line->next_line) = line.next_line;
  (line.next_line == nullptr ? last : line.next_line->previous_line) = line.previous_line;
  line.list = nullptr;
}

bool EventQueue::end() {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  const auto is_used = [&](const auto& each) { return each.second->queue == this && !each.second->removed; };
  if (waiting_ > 0 || std::any_of(all.sources.begin(), all.sources.end(), is_used)) return false;
  // Of those that are left a thread has an event, which it never gives back.
  std::erase_if(all.sources, [&](const auto& each) {
    if (each.second->queue != this) return false;
    for (Line& line : each.second->lines) {
      if (line.first != nullptr) drop(*line.first);
    }
    return true;
  });
  return true;
}

uint64_t EventQueue::add_source() {
  auto source = std::make_unique<Source>();
  source->queue = this;
  for (Line& line : source->lines) line.source = source.get();
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  const uint64_t number = ++all.last_number;
  source->number = number;
  all.sources.emplace(number, std::move(source));
  return number;
}

void EventQueue::drop(Entry& entry) {
  if (entry.awaited) {
    entry.done = true;
    // Under the lock, as the entry goes with the callback that waits for it.
    entry.handled.notify_one();
  } else {
    delete &entry;
  }
}

void EventQueue::remove_source(uint64_t number) {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  const auto found = all.sources.find(number);
  if (found == all.sources.end()) return;
  Source& source = *found->second;
  source.removed = true;
  bool given = false;
  for (Line& line : source.lines) {
    if (line.list != nullptr) line.list->remove(line);
    given = given || line.given;
    Entry* const kept = line.given ? line.first : nullptr;
    for (Entry* each = kept == nullptr ? line.first : kept->next; each != nullptr;) {
      Entry* const next = each->next;
      drop(*each);
      each = next;
    }
    line.first = line.last = kept;
    if (kept != nullptr) kept->next = nullptr;
  }
  // What is with the application is finished by its thread.
  if (!given) all.sources.erase(found);
}

void EventQueue::wake() {
  if (!(waiting_ == 1 && watching_)) changed_.notify_one();
}

void EventQueue::note_ready(Line& line) {
  line.since = now();
  ready_.add(line);
  wake();
}

void EventQueue::enter(uint64_t number, Entry& entry) {
  const auto found = registry().sources.find(number);
  if (found == registry().sources.end() || found->second->removed) {
    drop(entry);
    return;
  }
  Source& source = *found->second;
  entry.event.source = number;
  Line& line = source.lines[line_of(entry.event.kind)];
  (line.last == nullptr ? line.first : line.last->next) = &entry;
  line.last = &entry;
  if (line.first == &entry) source.queue->note_ready(line);
}

void EventQueue::call(uint64_t source, const rocketmq_event& event) {
  Entry entry;
  entry.event = event;
  entry.awaited = true;
  std::unique_lock lock(registry().mutex);
  enter(source, entry);
  entry.handled.wait(lock, [&] { return entry.done; });
}

void EventQueue::post(uint64_t source, const rocketmq_event& event) {
  auto* const entry = new (std::nothrow) Entry;
  if (entry == nullptr) {
    call(source, event);
    return;
  }
  entry->event = event;
  std::lock_guard lock(registry().mutex);
  enter(source, *entry);
}

// Whatever became of the event that the thread has: it gives it back.
void EventQueue::finish(const rocketmq_event& event) {
  const uint64_t number = event.ticket / kLinesPerSource;
  const auto found = registry().sources.find(number);
  if (found == registry().sources.end()) return;
  Source& source = *found->second;
  Line& line = source.lines[event.ticket % kLinesPerSource];
  if (!line.given) return;
  line.given = false;
  Entry& entry = *line.first;
  if (event.handled == 0 && !source.removed) {
    entry.event.progress = event.progress;
    line.since = now() + Millis(event.again_ms);
    delayed_.add(line);
    changed_.notify_all();
    return;
  }
  line.first = entry.next;
  if (line.first == nullptr) line.last = nullptr;
  drop(entry);
  if (!source.removed) {
    // Behind the lines of others.
    if (line.first != nullptr) note_ready(line);
    return;
  }
  const bool unused =
      std::none_of(std::begin(source.lines), std::end(source.lines), [](const Line& each) { return each.given; });
  if (unused) registry().sources.erase(found);
}

void EventQueue::give(Line& line, rocketmq_event& event) {
  ready_.remove(line);
  line.given = true;
  const uint64_t size = event.size;
  event = line.first->event;
  event.size = size;
  event.ticket = line.source->number * kLinesPerSource + line_of(event.kind);
  event.alone = waiting_ == 0 ? 1 : 0;
}

TimePoint EventQueue::wake_at(TimePoint deadline) const {
  for (const Line* line = delayed_.first; line != nullptr; line = line->next_line) {
    deadline = std::min(deadline, line->since);
  }
  return deadline;
}

void EventQueue::end_delays(TimePoint at) {
  for (Line* line = delayed_.first; line != nullptr;) {
    Line* const next = line->next_line;
    if (line->since <= at) {
      delayed_.remove(*line);
      ready_.add(*line);
    }
    line = next;
  }
}

int EventQueue::take(rocketmq_event& event, Millis timeout) {
  std::unique_lock lock(registry().mutex);
  if (event.ticket != 0) {
    // Neither handled nor to be given later: a failure kept the thread from both.
    if (event.handled == 0 && event.again_ms == 0) return waiting_;
    finish(event);
  }
  event.ticket = 0;
  event.kind = ROCKETMQ_EVENT_NONE;
  event.handled = event.again_ms = event.progress = event.alone = event.count = 0;
  const TimePoint deadline = now() + timeout;
  ++waiting_;
  for (;;) {
    const TimePoint at = now();
    if (delayed_.first != nullptr) end_delays(at);
    if (ready_.first != nullptr) {
      Line& line = *ready_.first;
      if (waiting_ > 1 || line.since + kOverdue <= at) {
        --waiting_;
        give(line, event);
        // Whoever is left watches over the next ones.
        if (ready_.first != nullptr) wake();
        return waiting_;
      }
      watching_ = true;
      changed_.wait_until(lock, line.since + kOverdue);
      watching_ = false;
      continue;
    }
    if (at >= deadline) break;
    changed_.wait_until(lock, wake_at(deadline));
  }
  --waiting_;
  return waiting_;
}

}  // namespace rocketmq::capi
