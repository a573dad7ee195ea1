#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace rocketmq {

// Starts a thread that carries `name` (cut to 15 bytes where the system asks for that), with a stack of 2 MiB at least.
// The caller joins it.
std::thread start_thread(std::string name, std::function<void()> body);

// The name given by start_thread, or the system's own id as text for a foreign thread.
std::string current_thread_name();

// Lets what comes in small pieces gather, for a thread that would wake for each: some 0.1 ms, or, where the system's
// timers are coarser (Windows), only until the other threads that are ready had their turn.
void pause_briefly();

// The process's id, asked anew each time (it differs after fork).
int64_t current_process_id();

}  // namespace rocketmq
