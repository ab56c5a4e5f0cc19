// How long a server asks us to stay away (RFC 9110 section 10.2.3, and the `retry-after-ms` header of several vendors).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/http/message.hpp"

namespace qwen::http {

/// An HTTP-date in one of its three forms (RFC 9110 section 5.6.7), or nullopt.
[[nodiscard]] std::optional<UtcTime> parse_http_date(std::string_view text);

/// The wait the headers ask for, never negative. Seconds or a date; a date counts from the response's own Date, else from `now`. nullopt: no such header, or one that cannot be
/// read (a sign, a fraction, two values).
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(const HeaderList& headers, UtcTime now);

}  // namespace qwen::http
