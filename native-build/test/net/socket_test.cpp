#include "net/socket.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

namespace rocketmq::test {

using asio::ip::tcp;

TEST(SocketTest, AConnectionToItselfIsKnown) {
  for (const auto& host : {asio::ip::make_address("127.0.0.1"), asio::ip::make_address("::1")}) {
    asio::io_context context;
    tcp::socket socket(context);
    asio::error_code error;
    socket.open(host.is_v4() ? tcp::v4() : tcp::v6(), error);
    if (!error) socket.bind({host, 0}, error);
    if (error && host.is_v6()) continue;  // A machine without IPv6.
    ASSERT_FALSE(error) << error.message();
    socket.connect(socket.local_endpoint(), error);
#ifdef _WIN32
    if (error) continue;  // Not every Windows joins them.
#endif
    ASSERT_FALSE(error) << error.message();
    EXPECT_TRUE(is_connected_to_itself(socket.native_handle()));
  }
}

TEST(SocketTest, OneToAServerIsNone) {
  asio::io_context context;
  tcp::acceptor server(context, {asio::ip::make_address("127.0.0.1"), 0});
  tcp::socket socket(context);
  EXPECT_FALSE(is_connected_to_itself(socket.native_handle()));
  socket.connect(server.local_endpoint());
  EXPECT_FALSE(is_connected_to_itself(socket.native_handle()));
}

}  // namespace rocketmq::test
