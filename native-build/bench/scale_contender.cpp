// What grows with the number of queues and with the size of headers. The name server that it is given stays unused, as
// the mock cluster has one of its own.
#include "contender.h"
#include "scale_header.h"
#include "scale_queues.h"

int main(int argc, char** argv) {
  return bench::run_contender(argc, argv, [](const std::string&) {
    return bench::Handlers{{"assign", bench::assign},
                           {"rebalance", bench::rebalance},
                           {"header", bench::parse_header},
                           {"status", [](const bench::Command&) { return bench::process_status("rmq-"); }}};
  });
}
