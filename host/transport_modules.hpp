// Opens the transport modules beside the program, each at the first request that needs it (decision 0011).
#pragma once

#include <filesystem>

#include "core/http/stream_transport.hpp"

namespace qwen::host {

/// Where this program is installed: the directory above the one its executable is in.
[[nodiscard]] std::filesystem::path installation_prefix();

/// The factories of qwen_transport.so and qwen_transport_tls.so in `directory`. Errors of a call: internal (missing, or of another build).
[[nodiscard]] http::StreamFactories transport_modules(std::filesystem::path directory, const http::NetworkOptions& options);

}  // namespace qwen::host
