#include "capi/event_queue.h"

#include <algorithm>
#include <new>
#include <utility>

namespace rocketmq::capi {

namespace {

constexpr uint64_t kLinesPerSource = 2;
// After so long without a free thread, the one that watches takes an event itself.
constexpr Millis kOverdue{10};

size_t line_of(int32_t kind) { return kind == ROCKETMQ_EVENT_QUEUES_CHANGED ? 1 : 0; }

// On a thread that makes an event: what its callback fills.
thread_local rocketmq_event* made_event = nullptr;

void copy_callback(const rocketmq_event& from, rocketmq_event& to) {
  to.kind = from.kind;
  to.count = from.count;
  to.data = from.data;
  to.topic = from.topic;
}

}  // namespace

struct EventQueue::Entry {
  rocketmq_event event{};
  Entry* next = nullptr;
  // A callback waits for it on its own stack; otherwise it is on the heap.
  bool awaited = false;
  bool done = false;
  std::condition_variable handled;
  // Or it is made when it is taken.
  Deferred* deferred = nullptr;
  bool made = false;
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

EventQueue::Deferred::Deferred() : entry_(std::make_unique<Entry>()) { entry_->deferred = this; }

EventQueue::Deferred::~Deferred() = default;

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
  Entry* dropped = nullptr;
  {
    std::lock_guard lock(all.mutex);
    const auto is_used = [&](const auto& each) { return each.second->queue == this && !each.second->removed; };
    if (inside_ > 0 || std::any_of(all.sources.begin(), all.sources.end(), is_used)) return false;
    // Of those that are left a thread has an event, which it never gives back.
    std::erase_if(all.sources, [&](const auto& each) {
      if (each.second->queue != this) return false;
      for (Line& line : each.second->lines) {
        if (line.first != nullptr) dropped = drop(*line.first, dropped);
      }
      return true;
    });
  }
  tell_dropped(dropped);
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

// Under the lock. Deferred ones join those that were dropped, to be told without it.
EventQueue::Entry* EventQueue::drop(Entry& entry, Entry* dropped) {
  if (entry.deferred != nullptr) {
    entry.next = dropped;
    return &entry;
  }
  if (entry.awaited) {
    entry.done = true;
    // Under the lock, as the entry goes with the callback that waits for it.
    entry.handled.notify_one();
  } else {
    delete &entry;
  }
  return dropped;
}

void EventQueue::tell_dropped(Entry* dropped) {
  while (dropped != nullptr) {
    Entry& entry = *dropped;
    dropped = std::exchange(entry.next, nullptr);
    entry.event = {};
    // Last: it may be posted again, or go, at once.
    if (std::exchange(entry.made, false)) {
      entry.deferred->end();
    } else {
      entry.deferred->drop();
    }
  }
}

void EventQueue::remove_source(uint64_t number) {
  Registry& all = registry();
  Entry* dropped = nullptr;
  {
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
        dropped = drop(*each, dropped);
        each = next;
      }
      line.first = line.last = kept;
      if (kept != nullptr) kept->next = nullptr;
    }
    // What is with the application is finished by its thread.
    if (!given) all.sources.erase(found);
  }
  tell_dropped(dropped);
}

void EventQueue::wake() {
  if (!(waiting_ == 1 && watching_)) changed_.notify_one();
}

void EventQueue::note_ready(Line& line) {
  line.since = now();
  ready_.add(line);
  wake();
}

// False, and nothing done, where the source is gone.
bool EventQueue::enter(uint64_t number, Entry& entry) {
  const auto found = registry().sources.find(number);
  if (found == registry().sources.end() || found->second->removed) return false;
  Source& source = *found->second;
  entry.event.source = number;
  Line& line = source.lines[line_of(entry.event.kind)];
  (line.last == nullptr ? line.first : line.last->next) = &entry;
  line.last = &entry;
  if (line.first == &entry) source.queue->note_ready(line);
  return true;
}

void EventQueue::call(uint64_t source, const rocketmq_event& event) {
  if (made_event != nullptr && made_event->source == source && made_event->kind == ROCKETMQ_EVENT_NONE) {
    return copy_callback(event, *made_event);
  }
  Entry entry;
  entry.event = event;
  entry.awaited = true;
  Lock lock(registry().mutex);
  if (enter(source, entry)) entry.handled.wait(lock, [&] { return entry.done; });
}

void EventQueue::post(uint64_t source, const rocketmq_event& event) {
  auto* const entry = new (std::nothrow) Entry;
  if (entry == nullptr) {
    call(source, event);
    return;
  }
  entry->event = event;
  std::lock_guard lock(registry().mutex);
  if (!enter(source, *entry)) delete entry;
}

bool EventQueue::post(uint64_t source, Deferred& deferred) {
  std::lock_guard lock(registry().mutex);
  return enter(source, *deferred.entry_);
}

// Whatever became of the event that the thread has: it gives it back.
void EventQueue::finish(const rocketmq_event& event, Lock& lock) {
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
  Entry* const deferred = drop(entry, nullptr);
  if (!source.removed) {
    // Behind the lines of others.
    if (line.first != nullptr) note_ready(line);
  } else if (std::none_of(std::begin(source.lines), std::end(source.lines), [](auto& each) { return each.given; })) {
    registry().sources.erase(found);
  }
  if (deferred == nullptr) return;
  lock.unlock();
  tell_dropped(deferred);
  lock.lock();
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

// False, and it is over, where it turns out that there is nothing to tell.
bool EventQueue::make(Line& line, rocketmq_event& event, Lock& lock) {
  Entry& entry = *line.first;
  if (entry.deferred == nullptr || entry.made) return true;
  entry.made = true;
  lock.unlock();
  made_event = &event;
  entry.deferred->begin();
  made_event = nullptr;
  lock.lock();
  if (event.kind != ROCKETMQ_EVENT_NONE) {
    // For when it is given again.
    copy_callback(event, entry.event);
    return true;
  }
  event.handled = 1;
  finish(event, lock);
  event.handled = 0;
  event.ticket = 0;
  return false;
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
  Lock lock(registry().mutex);
  ++inside_;
  const int waiting = take(event, timeout, lock);
  --inside_;
  return waiting;
}

int EventQueue::take(rocketmq_event& event, Millis timeout, Lock& lock) {
  if (event.ticket != 0) {
    // Neither handled nor to be given later: a failure kept the thread from both.
    if (event.handled == 0 && event.again_ms == 0) return waiting_;
    finish(event, lock);
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
        if (make(line, event, lock)) return waiting_;
        ++waiting_;
        continue;
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
