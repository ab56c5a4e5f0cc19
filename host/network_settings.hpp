// The network settings of a run, as the transport takes them.
#pragma once

#include "core/config/resolver.hpp"
#include "core/http/transport.hpp"

namespace qwen::host {

/// Errors: config_invalid, for a proxy that is no http URL.
[[nodiscard]] Result<http::NetworkOptions> network_options(const config::Resolution& resolution);
[[nodiscard]] http::Timeouts network_timeouts(const config::Resolution& resolution);
/// The parts of a text_list of hosts or origins, between commas or spaces.
[[nodiscard]] std::vector<std::string> list_of(const config::Resolution& resolution, std::string_view key);

}  // namespace qwen::host
