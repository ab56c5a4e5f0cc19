// The token endpoint (RFC 6749): what it is asked, and what its answers mean.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <qwen/plugin.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace device_code_cpp {

struct Tokens {
    std::string access_token;
    std::string refresh_token;        ///< empty: cannot be renewed
    std::int64_t expires_at_utc_ms = 0;  ///< 0: unknown
};

enum class Outcome { issued, pending, slow_down, denied, expired, dead_grant, unavailable, refused };

struct TokenAnswer {
    Outcome outcome = Outcome::refused;
    Tokens tokens;       ///< of Outcome::issued
    std::string reason;  ///< for people, of the others
};

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// POSTs a form (application/x-www-form-urlencoded). Fields without a value are left out.
[[nodiscard]] qwen::plugin::HttpResponse post_form(const qwen::plugin::Call& call, std::string_view url, Fields fields);
/// Asks the token endpoint. Throws Failure when no answer came.
[[nodiscard]] TokenAnswer ask_for_tokens(const qwen::plugin::Call& call, Fields fields);
/// `error_description` or `error` of the answer, else its status.
[[nodiscard]] std::string reason_of(const qwen::plugin::HttpResponse& response);

}  // namespace device_code_cpp
