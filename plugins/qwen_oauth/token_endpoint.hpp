// The token endpoint (RFC 6749 section 5, RFC 8628 section 3.5): one request, one answer with a name.
//
// Qwen's issuer has a dialect: 401 for a dead device code, 429 for slow_down, 400 with `invalid_request` for a dead refresh token, and
// sometimes a success without a token. Here it becomes the RFC's terms, so that neither login nor renewal knows of it.
#pragma once

#include <qwen/plugin.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/qwen_oauth/token_state.hpp"

namespace qwen_oauth {

enum class Grant : std::uint8_t { device_code, refresh_token };

enum class TokenOutcome : std::uint8_t {
    issued,
    authorization_pending,
    slow_down,
    access_denied,
    expired_token,   ///< the device code is no longer good
    invalid_grant,   ///< the refresh token is dead
    try_again,       ///< 5xx, 429, a page that is no JSON: not the issuer's word
    refused,         ///< any other error of the issuer
};

struct TokenAnswer {
    TokenOutcome outcome = TokenOutcome::refused;
    TokenState tokens;   ///< only for issued
    std::string detail;  ///< "invalid_client: unknown client (status 401)", for people; text of the server, at most 300 bytes
};

/// Reads an answer; goes nowhere. `now_utc_ms` dates expires_in. A success whose token_type is not Bearer, or whose token does not fit
/// into a header (RFC 6750 section 2.1), is `refused`.
[[nodiscard]] TokenAnswer read_token_answer(Grant grant, std::uint32_t status, std::string_view body, std::int64_t now_utc_ms);

/// POSTs a form; `body` is wiped. Throws Failure when no answer came (network, TLS, cancelled, origin refused).
[[nodiscard]] qwen::plugin::HttpResponse post_form(const qwen::plugin::Call& call, std::string_view url, std::string body,
                                                   std::string_view request_id = {});

/// grant_type=urn:ietf:params:oauth:grant-type:device_code
[[nodiscard]] TokenAnswer redeem_device_code(const qwen::plugin::Call& call, std::string_view device_code, std::string_view code_verifier);

/// grant_type=refresh_token
[[nodiscard]] TokenAnswer redeem_refresh_token(const qwen::plugin::Call& call, std::string_view refresh_token);

/// "error: description (status N)" of an error body, for people.
[[nodiscard]] std::string error_text(std::uint32_t status, std::string_view body);

}  // namespace qwen_oauth
