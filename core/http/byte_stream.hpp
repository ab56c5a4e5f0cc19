// A connected stream of bytes, plain or encrypted: what HTTP/1.1 is spoken over.
//
// Poco implements it (poco_plain_stream.cpp, poco_tls_stream.cpp) inside the transport modules; tests implement it in memory.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "core/http/transport.hpp"

namespace qwen::http {

class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Waits for at least one byte, at most `timeout` (zero: no limit) and the context's deadline; 0 is the end of the stream.
    /// Errors: timed_out, connection_failed (reset), tls_failed, cancelled.
    [[nodiscard]] virtual Result<std::size_t> read_some(std::span<char> buffer, std::chrono::milliseconds timeout, const Context& context) = 0;
    /// Writes everything. Errors: as read_some.
    [[nodiscard]] virtual Result<void> write_all(std::string_view bytes, std::chrono::milliseconds timeout, const Context& context) = 0;
    /// True when the peer has closed or said something unasked: not fit for another request. Never waits.
    [[nodiscard]] virtual bool is_stale() = 0;
};

/// Makes streams of connected sockets; one for each transport module.
class StreamFactory {
public:
    virtual ~StreamFactory() = default;
    /// Takes over the connected, blocking socket `fd` (closed on failure too). For https: the TLS handshake with `origin.host`, within `timeout`.
    /// Errors: tls_failed, timed_out, connection_failed, cancelled.
    [[nodiscard]] virtual Result<std::unique_ptr<ByteStream>> wrap(int fd, const Origin& origin, std::chrono::milliseconds timeout,
                                                                   const Context& context) = 0;
};

}  // namespace qwen::http
