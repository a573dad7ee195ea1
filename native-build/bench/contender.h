#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "measurement.h"

namespace bench {

// Why a command failed: the driver gets it as {"error":…}.
class CommandError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One line of the driver: a word, then words key=value.
class Command {
 public:
  // CommandError for a line without a word, or a further word without '='.
  explicit Command(const std::string& line);

  const std::string& name() const { return name_; }
  // CommandError where absent or empty.
  const std::string& text(const std::string& key) const;
  // A whole number; CommandError where absent or outside the range.
  int64_t number(const std::string& key, int64_t least, int64_t most) const;
  int64_t number_or(const std::string& key, int64_t otherwise, int64_t least, int64_t most) const;

  const std::string& topic() const { return text("topic"); }
  // Of the body, in bytes.
  int64_t size(int64_t least = 1) const { return number("size", least, 4'000'000); }
  int64_t count() const { return number("count", 1, 100'000'000); }
  int64_t in_flight() const { return number("inflight", 1, 1'000'000); }

 private:
  std::string name_;
  std::map<std::string, std::string> values_;
};

using Handler = std::function<Json(const Command&)>;
// By the command's name. What they hold is closed with the last of them.
using Handlers = std::map<std::string, Handler>;

// The answer to `status` of a process whose library's threads have names that begin so.
Json process_status(std::string_view own_threads);

// Answers the commands of standard input until `quit` or its end; the process's exit code. `make_handlers`
// gets the name server's address, and connects to nothing yet.
int run_contender(int argc, char** argv, const std::function<Handlers(const std::string&)>& make_handlers);

}  // namespace bench
