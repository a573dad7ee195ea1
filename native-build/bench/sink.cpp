// rocketmq-sink PORT [json|as-request]: a name server and broker in one that acknowledges everything at once and keeps
// nothing, so that a client's own speed shows. Its answers have JSON headers, as a broker's have by default, or the
// request's kind of header.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>

#include "protocol/remoting_command.h"
#include "sink_answers.h"

namespace {

using bench::Output;
using bench::SinkAnswers;

constexpr size_t kInputBytes = size_t{512} * 1024;
constexpr int kEventsAtOnce = 64;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

// One client. It reads no more while its answers wait to be written.
class Session {
 public:
  explicit Session(int descriptor) : descriptor_(descriptor), input_(kInputBytes) {}
  ~Session() { ::close(descriptor_); }

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  int descriptor() const { return descriptor_; }
  bool has_output() const { return output_.size() > 0; }

  // One read, and one write of all its answers. False when the connection ends.
  bool read(SinkAnswers& answers) {
    const ssize_t count = ::recv(descriptor_, input_.data() + end_, input_.size() - end_, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (count <= 0) return false;
    end_ += static_cast<size_t>(count);
    return take_frames(answers) && write();
  }

  bool write() {
    if (!has_output()) return true;
    const ssize_t count = ::send(descriptor_, output_.data(), output_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    output_.written(static_cast<size_t>(count));
    return true;
  }

 private:
  bool take_frames(SinkAnswers& answers) {
    size_t begin = 0;
    while (end_ - begin >= 4) {
      rocketmq::ByteReader reader({input_.data() + begin, 4});
      const auto length = static_cast<uint32_t>(reader.i32());
      if (length < 4 || length > static_cast<uint32_t>(rocketmq::kMaxFrameBytes)) {
        std::cerr << "a client sent a frame that claims " << length << " bytes" << std::endl;
        return false;
      }
      if (end_ - begin - 4 < length) {
        if (input_.size() < length + 4) input_.resize(length + 4);
        break;
      }
      if (!answers.answer({input_.data() + begin + 4, length}, output_)) return false;
      begin += 4 + length;
    }
    if (begin > 0) std::memmove(input_.data(), input_.data() + begin, end_ - begin);
    end_ -= begin;
    return true;
  }

  const int descriptor_;
  std::vector<uint8_t> input_;
  size_t end_ = 0;
  Output output_;
};

class Sink {
 public:
  explicit Sink(uint16_t port) : poll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(listen_at(port)) {
    if (poll_ < 0) fail("no epoll descriptor");
    watch(listener_, EPOLL_CTL_ADD, EPOLLIN);
  }

  uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  // Until standard input ends.
  void run(bench::AnswerHeader header) {
    // A file has no events, and ends at once.
    epoll_event input{EPOLLIN, {}};
    input.data.fd = STDIN_FILENO;
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0) return;
    SinkAnswers answers(port(), header);
    epoll_event events[kEventsAtOnce];
    for (;;) {
      const int count = epoll_wait(poll_, events, kEventsAtOnce, -1);
      for (int i = 0; i < count; ++i) {
        const int descriptor = events[i].data.fd;
        if (descriptor == STDIN_FILENO) {
          char ignored[256];
          if (::read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return;
        } else if (descriptor == listener_) {
          accept();
        } else {
          serve(descriptor, events[i].events, answers);
        }
      }
    }
  }

 private:
  static int listen_at(uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) fail("no socket");
    const int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (!bound || ::listen(descriptor, SOMAXCONN) != 0) {
      fail("port " + std::to_string(port) + " of 127.0.0.1 cannot be listened at (take another one, or 0 for any)");
    }
    return descriptor;
  }

  void watch(int descriptor, int operation, uint32_t events) const {
    epoll_event event{events, {}};
    event.data.fd = descriptor;
    if (epoll_ctl(poll_, operation, descriptor, &event) != 0) fail("a socket cannot be watched");
  }

  void accept() {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sessions_[descriptor] = std::make_unique<Session>(descriptor);
    watch(descriptor, EPOLL_CTL_ADD, EPOLLIN);
  }

  void serve(int descriptor, uint32_t events, SinkAnswers& answers) {
    Session& session = *sessions_.at(descriptor);
    const bool had_output = session.has_output();
    const bool open = (events & EPOLLOUT) != 0 ? session.write() : session.read(answers);
    if (!open) {
      sessions_.erase(descriptor);
      return;
    }
    if (session.has_output() != had_output) {
      watch(descriptor, EPOLL_CTL_MOD, session.has_output() ? EPOLLOUT : EPOLLIN);
    }
  }

  const int poll_;
  const int listener_;
  std::map<int, std::unique_ptr<Session>> sessions_;
};

uint16_t read_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("the port \"" + std::string(text) +
                                "\" is none: give a number from 0 (any free port) to 65535");
  }
  return port;
}

bench::AnswerHeader read_header(std::string_view text) {
  if (text == "json") return bench::AnswerHeader::kJson;
  if (text == "as-request") return bench::AnswerHeader::kAsRequest;
  throw std::invalid_argument("the header of answers \"" + std::string(text) + "\" is unknown: use json or as-request");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2 || argc > 3) throw std::invalid_argument("give a port (0: any free one), and json or as-request");
    const bench::AnswerHeader header = read_header(argc == 3 ? argv[2] : "json");
    Sink sink(read_port(argv[1]));
    std::cout << "{\"port\":" << sink.port() << "}" << std::endl;
    sink.run(header);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << argv[0] << ": " << e.what() << std::endl;
    return 2;
  }
}
