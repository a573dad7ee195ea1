#include "client/client_thread.h"

#include <utility>

namespace rocketmq {

namespace {

thread_local bool is_client_thread = false;

}  // namespace

bool on_client_thread() { return is_client_thread; }

void mark_client_thread() { is_client_thread = true; }

ClientThreadScope::ClientThreadScope() : before_(std::exchange(is_client_thread, true)) {}

ClientThreadScope::~ClientThreadScope() { is_client_thread = before_; }

}  // namespace rocketmq
