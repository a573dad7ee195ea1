#pragma once

#include "contender.h"

namespace bench {

// Mock brokers with many topics, and one consumer of librocketmq that is alone in its group, so that all queues are
// its. `topics` and `queues`: how many of each, the queues in all.

// {"ms":…} from start() until each queue is pulled from, and the CPU time of the client's I/O thread.
Json assign(const Command& command);
// {"io_ms":[…]}: the CPU time of the I/O thread for rebalances of all queues that change nothing.
Json rebalance(const Command& command);

}  // namespace bench
