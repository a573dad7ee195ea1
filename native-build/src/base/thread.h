#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace rocketmq {

// Starts a thread that carries `name` (cut to 15 bytes where the system asks for that). The caller joins it.
std::thread start_thread(std::string name, std::function<void()> body);

// The name given by start_thread, or the system's own id as text for a foreign thread.
const std::string& current_thread_name();

// The process's id, asked anew each time (it differs after fork).
int64_t current_process_id();

}  // namespace rocketmq
