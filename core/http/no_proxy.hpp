// NO_PROXY: which hosts are reached directly.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/url.hpp"

namespace qwen::http {

/// True when a rule covers the origin. Rules, as curl and most programs read them: "*"; a host name, which covers its sub-domains too; the same with a leading dot or "*."; an IP address; a
/// CIDR block; each with an optional ":port". Names are compared without case. Rules that cannot be read cover nothing.
[[nodiscard]] bool bypasses_proxy(const Origin& origin, std::span<const std::string> rules);

/// Splits a NO_PROXY value at commas and white space.
[[nodiscard]] std::vector<std::string> split_no_proxy(std::string_view value);

}  // namespace qwen::http
