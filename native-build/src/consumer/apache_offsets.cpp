#include "consumer/apache_offsets.h"

#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <string>

#include "base/files.h"

namespace rocketmq {

namespace fs = std::filesystem;

namespace {

// A machine can bind to its own addresses only.
bool is_own_address(asio::io_context& context, std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  asio::error_code error;
  const auto address = asio::ip::make_address(std::string(text), error);
  if (error || address.is_unspecified() || address.is_multicast()) return false;
  const asio::ip::udp::endpoint endpoint(address, 0);
  asio::ip::udp::socket socket(context);
  socket.open(endpoint.protocol(), error);
  if (!error) socket.bind(endpoint, error);
  return !error;
}

// A name of any length or kind is passed over where the system takes it for no path.
bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

std::optional<fs::path> find_apache_offsets(const fs::path& directory, std::string_view instance_name,
                                            std::string_view group) {
  const std::string instance = "@" + (instance_name.empty() ? std::string("DEFAULT") : std::string(instance_name));
  asio::io_context context;
  std::optional<fs::path> newest;
  fs::file_time_type newest_time{};
  std::error_code error;
  for (fs::directory_iterator each(directory, error); !error && each != fs::directory_iterator();
       each.increment(error)) {
    const std::string name = text_of_path(each->path().filename());
    if (!name.ends_with(instance)) continue;
    if (!is_own_address(context, std::string_view(name).substr(0, name.size() - instance.size()))) continue;
    fs::path file = each->path() / path_of(group) / "offsets.json";
    fs::path backup = file;
    backup += ".bak";
    if (!is_file(file) && !is_file(backup)) continue;
    std::error_code ignored;
    const auto time = fs::last_write_time(is_file(file) ? file : backup, ignored);
    if (newest && time <= newest_time) continue;
    newest = std::move(file);
    newest_time = time;
  }
  return newest;
}

}  // namespace rocketmq
