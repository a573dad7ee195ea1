#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace rocketmq {

// Where Apache's Java client keeps the offsets of a member of a broadcast: <directory>/<ip>@<instance>/<group>, with
// "DEFAULT" in place of an instance name that was not set. The newest offsets.json there of this machine's addresses;
// nullopt where there is none. Others of the directory belong to other machines that share it. Reads the disk; any
// thread.
std::optional<std::filesystem::path> find_apache_offsets(const std::filesystem::path& directory,
                                                         std::string_view instance_name, std::string_view group);

}  // namespace rocketmq
