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
// Who asks for a heartbeat goes on after that time: a broker that is silent delays nothing that others wait for.
constexpr Millis kPatience{1000};
// Between two heartbeats to a broker: so many times as long as it takes to make one, which is long for many groups.
constexpr int kRestFactor = 10;
constexpr Millis kLongestRest{500};
// Consumer groups of one request. For each that it does not know yet a broker writes files and asks the name servers,
// which takes it about 10 ms: more of them would take longer than a request may.
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
  // What waits goes with the loop, too, whose objects it has.
  ~LaneEnd() { self->lanes_.erase(address); }
  const std::shared_ptr<GroupRegistration> self;
  const std::string address;
};

class GroupRegistration::UnderWay {
 public:
  UnderWay(std::shared_ptr<GroupRegistration> self, std::string address)
      : self_(std::move(self)), address_(std::move(address)), number_(++self_->last_number_) {
    self_->under_way_[address_].insert(number_);
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() {
    const auto found = self_->under_way_.find(address_);
    if (found == self_->under_way_.end()) return;
    found->second.erase(number_);
    if (found->second.empty()) self_->under_way_.erase(found);
  }

 private:
  const std::shared_ptr<GroupRegistration> self_;
  const std::string address_;
  const uint64_t number_;
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
  const TimePoint begin = now();
  Heartbeat heartbeat = groups_.heartbeat();
  auto told = std::make_shared<Told>();
  told->of_producers = !heartbeat.producer_groups.empty();
  told->bodies = heartbeat_bodies(std::move(heartbeat));
  const bool same = made_ && same_bodies(made_->bodies, told->bodies);
  if (!same) made_ = std::move(told);
  made_for_ = asked;
  making_ = now() - begin;
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
  // Moved, as what fails here would leave a lane that nobody runs.
  const LaneEnd end(std::move(self), std::move(address));
  GroupRegistration& all = *end.self;
  Lane& lane = all.lanes_.find(end.address)->second;
  while (!lane.waiting.empty()) {
    lane.sharing = std::exchange(lane.waiting, {});
    try {
      lane.under_way = all.what_is_told();
      std::shared_ptr<const Told> told = lane.under_way;
      const bool answered = co_await tell_one(end.self, end.address, std::move(told));
      if (answered) {
        for (const Share& share : lane.sharing) {
          if (share) share->succeeded = true;
        }
        all.last_[end.address] = {lane.under_way, now()};
      }
    } catch (const std::exception& e) {
      log(LogLevel::kError, "client", "the heartbeat to {} failed: {}", end.address, e.what());
    }
    lane.under_way = nullptr;
    lane.sharing.clear();
    if (lane.waiting.empty()) break;
    Pause rest(all.loop_);
    co_await rest.wait(std::min(std::chrono::ceil<Millis>(all.making_ * kRestFactor), kLongestRest));
  }
}

asio::awaitable<bool> GroupRegistration::tell_one(std::shared_ptr<GroupRegistration> self, std::string address,
                                                  std::shared_ptr<const Told> told) {
  if (told->of_producers && self->reachability_.take_turn(address, now())) {
    const bool answered = co_await register_again(std::move(self), std::move(address));
    co_return answered;
  }
  const bool answered = co_await send_all(std::move(self), std::move(address), std::move(told));
  co_return answered;
}

// One after the other: a broker notes the groups of one connection without a lock. One that does not answer is not
// asked for the rest: each request would wait for its own timeout.
asio::awaitable<bool> GroupRegistration::send_all(std::shared_ptr<GroupRegistration> self, std::string address,
                                                  std::shared_ptr<const Told> told) {
  const UnderWay under_way(self, address);
  bool of_producers = told->of_producers;
  bool all = true;
  for (const SharedBytes& each : told->bodies) {
    SharedBytes body = each;
    const Status answered = co_await send_heartbeat(self, address, std::move(body), of_producers);
    if (!answered && answered.error().kind == ErrorKind::kTimeout) co_return false;
    all = all && answered;
    of_producers = false;
  }
  co_return all;
}

asio::awaitable<bool> GroupRegistration::tell() {
  const auto self = shared_from_this();
  ++asked_;
  const std::vector<std::string> to = addresses();
  if (to.empty()) co_return true;
  std::erase_if(last_, [&](const auto& each) { return std::find(to.begin(), to.end(), each.first) == to.end(); });
  const auto countdown = std::make_shared<Countdown>(loop_, to.size());
  for (const std::string& address : to) join_next(address, std::make_shared<CountdownShare>(countdown));
  const TimePoint deadline = now() + kPatience;
  while (countdown->left > 0 && now() < deadline) {
    co_await countdown->pause.wait(std::chrono::ceil<Millis>(deadline - now()));
  }
  co_return countdown->left == 0 && countdown->failed == 0;
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

asio::awaitable<Status> GroupRegistration::send_heartbeat(std::shared_ptr<GroupRegistration> self, std::string address,
                                                          SharedBytes body, bool of_producers) {
  const uint64_t before = self->remoting_.connection_number(address);
  RemotingCommand request = heartbeat_request(std::move(body));
  const auto response = co_await self->remoting_.call(address, std::move(request), self->request_timeout_);
  self->note_answer(address, response, of_producers, before);
  if (!response) co_return fail(response.error());
  co_return Status();
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
asio::awaitable<bool> GroupRegistration::register_again(std::shared_ptr<GroupRegistration> self, std::string address) {
  std::string reply_group(kReplyGroup);
  std::string no_group;
  co_await unregister(self, address, std::move(reply_group), std::move(no_group));
  // Made only now: who has left meanwhile must not come back by it.
  ++self->asked_;
  const auto told = self->what_is_told();
  const bool answered = co_await send_all(self, address, told);
  co_return answered;
}

bool GroupRegistration::any_before(const std::string& address, uint64_t number) const {
  const auto found = under_way_.find(address);
  return found != under_way_.end() && *found->second.begin() < number;
}

asio::awaitable<void> GroupRegistration::await_answers(std::shared_ptr<GroupRegistration> self, std::string address,
                                                       uint64_t before, TimePoint deadline) {
  Pause pause(self->loop_);
  while (self->any_before(address, before) && now() < deadline) co_await pause.wait(kPoll);
}

asio::awaitable<void> GroupRegistration::unregister_unless_back(std::shared_ptr<GroupRegistration> self,
                                                                std::string address, std::string producer_group,
                                                                std::string consumer_group) {
  // A broker forgets by itself who is connected no more.
  if (self->groups_.has(producer_group, consumer_group) || !self->remoting_.connected(address)) co_return;
  co_await unregister(self, address, producer_group, consumer_group);
  if (!producer_group.empty() && self->reachability_.kept()) co_await register_again(self, address);
  if (!self->groups_.has(producer_group, consumer_group)) co_return;
  // It came back meanwhile, and the broker may have known it before it was told of the departure.
  ++self->asked_;
  self->made_ = nullptr;
  self->join_next(address, nullptr);
}

// A broker works off heartbeats and departures by different threads: a heartbeat that was sent before could make a
// member of the group again of who has left, whose queues would be nobody's for two minutes. Where its answer does not
// come soon, the broker is told of the departure at once, and once more after the answer.
asio::awaitable<void> GroupRegistration::leave(std::shared_ptr<GroupRegistration> self, std::string address,
                                               std::string producer_group, std::string consumer_group, uint64_t before,
                                               Share share) {
  if (share) {
    co_await await_answers(self, address, before, now() + kLongestHeartbeat);
    const bool late = self->any_before(address, before);
    co_await unregister_unless_back(self, address, producer_group, consumer_group);
    share = nullptr;
    if (!late) co_return;
  }
  co_await await_answers(self, address, before, TimePoint::max());
  co_await unregister_unless_back(self, address, producer_group, consumer_group);
}

asio::awaitable<Status> GroupRegistration::tell_departure(std::string producer_group, std::string consumer_group) {
  const auto self = shared_from_this();
  // Who comes again is to be told of anew.
  ++asked_;
  made_ = nullptr;
  last_.clear();
  const uint64_t before = ++last_number_;
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
    start_coroutine(loop_, leave(self, address, producer_group, consumer_group, before, std::move(share)), "departure");
  }
  for (const std::string& address : connecting) {
    start_coroutine(loop_, leave(self, address, producer_group, consumer_group, before, nullptr), "departure");
  }
  // Each ends by its own timeout.
  while (countdown->left > 0) co_await countdown->pause.wait(request_timeout_);
  co_return Status();
}

}  // namespace rocketmq
