#include "client/group_registration.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "net/coroutine.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// Who was told so lately needs not be told the same again.
constexpr Millis kRecent{1000};
// Who waits for a heartbeat looks so often whether it was answered.
constexpr Millis kPoll{10};
// For the answer to a heartbeat before a group leaves, of the time that a close waits for all of it.
constexpr Millis kLongestHeartbeat{500};
// Consumer groups of one request. For each that it does not know yet a broker writes files and asks the name servers,
// one after the other within a request, which takes it about 10 ms; requests are worked off side by side.
constexpr size_t kMostGroups = 100;

std::vector<SharedBytes> heartbeat_bodies(Heartbeat heartbeat) {
  std::vector<SharedBytes> bodies;
  auto consumers = std::exchange(heartbeat.consumers, {});
  for (size_t done = 0; done < consumers.size() || !heartbeat.producer_groups.empty();) {
    const size_t count = std::min(consumers.size() - done, kMostGroups);
    const auto first = std::make_move_iterator(consumers.begin() + static_cast<std::ptrdiff_t>(done));
    heartbeat.consumers.assign(first, first + static_cast<std::ptrdiff_t>(count));
    bodies.push_back(SharedBytes::copy_of(heartbeat_to_json(heartbeat)));
    heartbeat.producer_groups.clear();
    done += count;
  }
  return bodies;
}

bool same_bodies(const std::vector<SharedBytes>& some, const std::vector<SharedBytes>& others) {
  return std::equal(some.begin(), some.end(), others.begin(), others.end(),
                    [](const auto& one, const auto& other) { return one.view() == other.view(); });
}

RemotingCommand heartbeat_request(SharedBytes body) {
  RemotingCommand request = RemotingCommand::request(request_code::kHeartbeat, SerializeType::kJson);
  request.body = std::move(body);
  return request;
}

class HeartbeatEnd : public ResponseHandler {
 public:
  explicit HeartbeatEnd(std::function<void(const Result<RemotingCommand>&)> done) : done_(std::move(done)) {}
  void on_response(RemotingCommand response, const std::string&) override { done_(std::move(response)); }
  void on_failure(Error error) override { done_(fail(std::move(error))); }

 private:
  const std::function<void(const Result<RemotingCommand>&)> done_;
};

}  // namespace

struct GroupRegistration::LaneEnd {
  LaneEnd(std::shared_ptr<GroupRegistration> registration, std::string of)
      : self(std::move(registration)), address(std::move(of)) {}
  LaneEnd(const LaneEnd&) = delete;
  LaneEnd& operator=(const LaneEnd&) = delete;
  // What waits goes with the loop, too.
  ~LaneEnd() { self->lanes_.erase(address); }
  const std::shared_ptr<GroupRegistration> self;
  const std::string address;
};

class GroupRegistration::UnderWay {
 public:
  UnderWay(std::shared_ptr<GroupRegistration> self, std::string address)
      : self_(std::move(self)), address_(std::move(address)) {
    ++self_->under_way_[address_];
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() {
    const auto found = self_->under_way_.find(address_);
    if (--found->second == 0) self_->under_way_.erase(found);
  }

 private:
  const std::shared_ptr<GroupRegistration> self_;
  const std::string address_;
};

GroupRegistration::GroupRegistration(EventLoop& loop, RemotingClient& remoting, RouteTable& routes,
                                     Reachability& reachability, Millis request_timeout, ClientGroups groups)
    : loop_(loop),
      remoting_(remoting),
      routes_(routes),
      reachability_(reachability),
      request_timeout_(request_timeout),
      groups_(std::move(groups)) {}

// Producers talk to masters alone.
std::vector<std::string> GroupRegistration::addresses() const {
  const bool consumers = groups_.any_consumer();
  if (!consumers && !groups_.any_producer()) return {};
  return routes_.broker_addresses(!consumers);
}

std::shared_ptr<const GroupRegistration::Told> GroupRegistration::what_is_told() {
  if (made_ && made_for_ == asked_) return made_;
  const uint64_t asked = asked_;
  Heartbeat heartbeat = groups_.heartbeat();
  auto told = std::make_shared<Told>();
  told->of_producers = !heartbeat.producer_groups.empty();
  told->bodies = heartbeat_bodies(std::move(heartbeat));
  const bool same = made_ && same_bodies(made_->bodies, told->bodies);
  if (!same) made_ = std::move(told);
  made_for_ = asked;
  return made_;
}

void GroupRegistration::join_next(const std::string& address, Share share) {
  const auto [lane, fresh] = lanes_.try_emplace(address);
  try {
    lane->second.waiting.push_back(std::move(share));
    if (fresh) start_coroutine(loop_, run_lane(shared_from_this(), address), "heartbeats of a broker");
  } catch (...) {
    if (fresh) lanes_.erase(address);
    throw;
  }
}

asio::awaitable<void> GroupRegistration::run_lane(std::shared_ptr<GroupRegistration> self, std::string address) {
  const LaneEnd end(self, address);
  while (true) {
    Lane& lane = self->lanes_[address];
    if (lane.waiting.empty()) co_return;
    lane.sharing = std::exchange(lane.waiting, {});
    try {
      lane.under_way = self->what_is_told();
      std::string to = address;
      std::shared_ptr<const Told> told = lane.under_way;
      co_await tell_one(self, std::move(to), std::move(told));
      if (self->remoting_.connected(address)) {
        for (const Share& share : lane.sharing) share->succeeded = true;
        self->last_[address] = {lane.under_way, now()};
      }
    } catch (const std::exception& e) {
      log(LogLevel::kError, "client", "the heartbeat to {} failed: {}", address, e.what());
    }
    lane.under_way = nullptr;
    lane.sharing.clear();
  }
}

asio::awaitable<void> GroupRegistration::tell_one(std::shared_ptr<GroupRegistration> self, std::string address,
                                                  std::shared_ptr<const Told> told) {
  if (told->of_producers && self->reachability_.take_turn(address, now())) {
    co_await register_again(std::move(self), std::move(address));
    co_return;
  }
  co_await send_all(std::move(self), std::move(address), std::move(told));
}

asio::awaitable<void> GroupRegistration::send_all(std::shared_ptr<GroupRegistration> self, std::string address,
                                                  std::shared_ptr<const Told> told) {
  if (told->bodies.empty()) co_return;
  const auto countdown = std::make_shared<Countdown>(self->loop_, told->bodies.size());
  bool of_producers = told->of_producers;
  for (const SharedBytes& body : told->bodies) {
    auto share = std::make_shared<CountdownShare>(countdown);
    start_coroutine(self->loop_, send_heartbeat(self, address, body, of_producers, std::move(share)), "heartbeat");
    of_producers = false;
  }
  // Each ends by its own timeout.
  while (countdown->left > 0) co_await countdown->pause.wait(self->request_timeout_);
}

asio::awaitable<bool> GroupRegistration::tell() {
  const auto self = shared_from_this();
  ++asked_;
  const std::vector<std::string> to = addresses();
  if (to.empty()) co_return true;
  std::erase_if(last_, [&](const auto& each) { return std::find(to.begin(), to.end(), each.first) == to.end(); });
  const auto countdown = std::make_shared<Countdown>(loop_, to.size());
  for (const std::string& address : to) join_next(address, std::make_shared<CountdownShare>(countdown));
  // Each ends by its own timeout.
  while (countdown->left > 0) co_await countdown->pause.wait(request_timeout_);
  co_return countdown->failed == 0;
}

asio::awaitable<void> GroupRegistration::tell_what_is_new() {
  const auto self = shared_from_this();
  ++asked_;
  const std::vector<std::string> to = addresses();
  if (to.empty()) co_return;
  const std::shared_ptr<const Told> told = what_is_told();
  const auto countdown = std::make_shared<Countdown>(loop_, to.size());
  for (const std::string& address : to) {
    auto share = std::make_shared<CountdownShare>(countdown);
    const auto lane = lanes_.find(address);
    if (lane != lanes_.end() && lane->second.under_way == told) {
      lane->second.sharing.push_back(std::move(share));
      continue;
    }
    const auto last = last_.find(address);
    const bool known = last != last_.end() && last->second.told == told && now() - last->second.at < kRecent;
    if (!known) join_next(address, std::move(share));
  }
  while (countdown->left > 0) co_await countdown->pause.wait(request_timeout_);
}

asio::awaitable<void> GroupRegistration::send_heartbeat(std::shared_ptr<GroupRegistration> self, std::string address,
                                                        SharedBytes body, bool of_producers, Share) {
  const UnderWay under_way(self, address);
  const uint64_t before = self->remoting_.connection_number(address);
  RemotingCommand request = heartbeat_request(std::move(body));
  const auto response = co_await self->remoting_.call(address, std::move(request), self->request_timeout_);
  self->note_answer(address, response, of_producers, before);
}

// `connection_number` is that of the connection when the heartbeat was sent, or 0 when there was none.
void GroupRegistration::note_answer(const std::string& address, const Result<RemotingCommand>& response,
                                    bool of_producers, uint64_t connection_number) {
  if (!response) {
    log(LogLevel::kDebug, "client", "the heartbeat to {} failed: {}", address, response.error().message);
  } else if (response->code != response_code::kSuccess) {
    log(LogLevel::kWarn, "client", "{} refused the heartbeat with code {}: {}", address, response->code,
        response->remark);
  } else if (of_producers) {
    const uint64_t now_open = remoting_.connection_number(address);
    // One that was replaced meanwhile carried another heartbeat, or none.
    if (connection_number == 0 || connection_number == now_open) reachability_.registered(address, now_open);
  }
}

void GroupRegistration::tell_new_connection(const std::string& address) {
  ++asked_;
  const auto told = what_is_told();
  if (!told->of_producers) return;
  const uint64_t number = remoting_.connection_number(address);
  const auto under_way = std::make_shared<UnderWay>(shared_from_this(), address);
  remoting_.send(address, heartbeat_request(told->bodies.front()), now() + request_timeout_,
                 RemotingClient::Write::kBatched,
                 std::make_shared<HeartbeatEnd>(
                     [self = shared_from_this(), address, number, under_way](const Result<RemotingCommand>& response) {
                       self->note_answer(address, response, true, number);
                     }));
}

asio::awaitable<void> GroupRegistration::unregister(std::shared_ptr<GroupRegistration> self, std::string address,
                                                    std::string producer_group, std::string consumer_group) {
  RemotingCommand request = RemotingCommand::request(request_code::kUnregisterClient);
  request.ext_fields.add("clientID", self->groups_.client_id);
  if (!producer_group.empty()) request.ext_fields.add("producerGroup", producer_group);
  if (!consumer_group.empty()) request.ext_fields.add("consumerGroup", consumer_group);
  auto response = co_await self->remoting_.call(address, std::move(request), self->request_timeout_);
  if (!response) {
    log(LogLevel::kInfo, "client", "{} was not told that a group leaves: {}", address, response.error().message);
  }
}

// With any producer group of a client that leaves, a broker forgets how to reach the client for replies, and learns it
// anew only of a group that it does not know yet. So a group that nobody else uses leaves and comes.
asio::awaitable<void> GroupRegistration::register_again(std::shared_ptr<GroupRegistration> self, std::string address) {
  std::string reply_group(kReplyGroup);
  std::string no_group;
  co_await unregister(self, address, std::move(reply_group), std::move(no_group));
  // Made only now: who has left meanwhile must not come back by it.
  ++self->asked_;
  const auto told = self->what_is_told();
  if (!told->of_producers) co_return;
  co_await send_all(self, address, told);
}

// A broker works off heartbeats and departures by different threads: a heartbeat that was sent before could make a
// member of the group again of who has left, whose queues would be nobody's for two minutes.
asio::awaitable<void> GroupRegistration::leave(std::shared_ptr<GroupRegistration> self, std::string address,
                                               std::string producer_group, std::string consumer_group, Share) {
  const TimePoint deadline = now() + kLongestHeartbeat;
  Pause pause(self->loop_);
  while (self->under_way_.count(address) != 0 && now() < deadline) co_await pause.wait(kPoll);
  // It may have come again meanwhile; and a broker forgets by itself who is connected no more.
  if (self->groups_.has(producer_group, consumer_group) || !self->remoting_.connected(address)) co_return;
  const bool of_producer = !producer_group.empty();
  co_await unregister(self, address, std::move(producer_group), std::move(consumer_group));
  if (of_producer && self->reachability_.kept()) co_await register_again(self, address);
}

asio::awaitable<Status> GroupRegistration::tell_departure(std::string producer_group, std::string consumer_group) {
  const auto self = shared_from_this();
  // Who comes again is to be told of anew.
  ++asked_;
  last_.clear();
  std::vector<std::string> connected;
  std::vector<std::string> connecting;
  for (std::string& address : routes_.broker_addresses(false)) {
    if (remoting_.connected(address)) {
      connected.push_back(std::move(address));
    } else if (under_way_.count(address) != 0) {
      connecting.push_back(std::move(address));
    }
  }
  // All at once, as one that does not answer must not keep the others from learning it. Those that are being connected
  // to, and may get a heartbeat then, are not waited for.
  const auto countdown = std::make_shared<Countdown>(loop_, connected.size());
  for (const std::string& address : connected) {
    auto share = std::make_shared<CountdownShare>(countdown);
    start_coroutine(loop_, leave(self, address, producer_group, consumer_group, std::move(share)), "departure");
  }
  for (const std::string& address : connecting) {
    start_coroutine(loop_, leave(self, address, producer_group, consumer_group, nullptr), "departure");
  }
  // Each ends by its own timeout.
  while (countdown->left > 0) co_await countdown->pause.wait(request_timeout_);
  co_return Status();
}

}  // namespace rocketmq
