// From a host name to a connected socket, cancellable at every moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/base/context.hpp"
#include "core/system/file.hpp"

namespace qwen::http {

/// "90 s", "300 ms", for messages.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);

/// Resolves `host` and connects to the first address that answers (RFC 8305: addresses tried 250 ms apart, families alternating).
/// `timeout` bounds name resolution and connecting each; zero: no limit. "localhost" and names below it are 127.0.0.1 and ::1 (RFC 6761). The socket is blocking, close-on-exec and has TCP_NODELAY.
/// Errors: dns_failed, connection_failed, timed_out, cancelled.
[[nodiscard]] Result<system::Descriptor> connect_to(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
                                                    const Context& context);

}  // namespace qwen::http
