#pragma once

#include <string_view>

#include "protocol/remoting_command.h"

namespace rocketmq {

// Reads a header in JSON as brokers write nearly all of theirs: one object whose members are plain ASCII texts
// without escapes, integers and the object extFields with such texts. Brokers answer sends in JSON whatever header
// the request had, and this costs a tenth of a parser that makes a tree. False for anything else, well-formed or
// not, with `command` then half filled: the parser for all of JSON has the last word.
bool read_plain_json_header(std::string_view json, RemotingCommand& command);

}  // namespace rocketmq
