#include "contender.h"

#include <charconv>
#include <iostream>
#include <sstream>

namespace bench {

namespace {

void write_line(const Json& json) {
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

std::string names_of(const Handlers& handlers) {
  std::string names;
  for (const auto& [name, handler] : handlers) names += name + ", ";
  return names + "quit";
}

Json answer(const Handlers& handlers, const Command& command) {
  const auto found = handlers.find(command.name());
  if (found == handlers.end()) {
    throw CommandError("this contender has no command \"" + command.name() + "\": use one of " + names_of(handlers));
  }
  return found->second(command);
}

}  // namespace

Command::Command(const std::string& line) {
  std::istringstream words(line);
  if (!(words >> name_)) throw CommandError("the line is empty: begin it with a command");
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw CommandError("\"" + word + "\" of the command " + name_ + " is no key=value: write it so");
    }
    values_[word.substr(0, equals)] = word.substr(equals + 1);
  }
}

const std::string& Command::text(const std::string& key) const {
  const auto found = values_.find(key);
  if (found == values_.end() || found->second.empty()) {
    throw CommandError("the command " + name_ + " has no " + key + ": add " + key + "=…");
  }
  return found->second;
}

int64_t Command::number(const std::string& key, int64_t least, int64_t most) const {
  const std::string& digits = text(key);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < least || value > most) {
    throw CommandError(key + "=" + digits + " of the command " + name_ + " is outside " + std::to_string(least) +
                       " to " + std::to_string(most) + ": give a whole number within");
  }
  return value;
}

int64_t Command::number_or(const std::string& key, int64_t otherwise, int64_t least, int64_t most) const {
  return values_.count(key) == 0 ? otherwise : number(key, least, most);
}

Json process_status(std::string_view own_threads) {
  Json status = thread_counts(own_threads);
  status["rss_kb"] = resident_kb();
  status["cpu_s"] = cpu_seconds();
  return status;
}

int run_contender(int argc, char** argv, const std::function<Handlers(const std::string&)>& make_handlers) {
  if (argc != 2) {
    std::cerr << argv[0] << " takes the name server's address and nothing else, such as 127.0.0.1:9876; got "
              << argc - 1 << " arguments" << std::endl;
    return 2;
  }
  Handlers handlers = make_handlers(argv[1]);
  write_line({{"ready", true}});
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const Command command(line);
      if (command.name() == "quit") {
        handlers.clear();
        write_line(Json::object());
        return 0;
      }
      write_line(answer(handlers, command));
    } catch (const std::exception& e) {
      write_line({{"error", e.what()}});
    }
  }
  return 0;
}

}  // namespace bench
