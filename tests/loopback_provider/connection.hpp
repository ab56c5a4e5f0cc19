// Serves one connection, plain or TLS, until the client goes: a coroutine on the server's one thread.
#pragma once

#include "tests/loopback_provider/provider.hpp"

#include <utility>  // Boost 1.74's coroutine header forgets it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

namespace loopback {

/// `tls` null: plain HTTP. Both references outlive the coroutine.
[[nodiscard]] boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls, Provider& provider, RequestLog& log);

}  // namespace loopback
