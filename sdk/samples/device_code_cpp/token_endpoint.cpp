#include "token_endpoint.hpp"

#include <algorithm>

namespace device_code_cpp {
namespace {

using qwen::plugin::Call;
using qwen::plugin::HttpResponse;
using qwen::plugin::json_integer;
using qwen::plugin::json_text;

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (kUnreserved.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return encoded;
}

/// RFC 6749 appendix A: what a token is made of. Anything else could end a header, or the line it is stored in.
bool is_token(std::string_view text) {
    for (const char c : text) {
        if (c < 0x21 || c > 0x7e) return false;
    }
    return true;
}

TokenAnswer issued(const Call& call, std::string_view body) {
    Tokens tokens{json_text(body, "access_token").value_or(""), json_text(body, "refresh_token").value_or(""), 0};
    if (tokens.access_token.empty() || !is_token(tokens.access_token) || !is_token(tokens.refresh_token)) {
        return {Outcome::refused, {}, "the token endpoint answered without a token"};
    }
    constexpr std::int64_t kYear = 31'536'000;
    const std::int64_t lifetime_s = json_integer(body, "expires_in").value_or(0);
    if (lifetime_s > 0) tokens.expires_at_utc_ms = call.now_utc_ms() + std::min(lifetime_s, kYear) * 1000;
    return {Outcome::issued, std::move(tokens), {}};
}

/// RFC 6749 section 5.2, RFC 8628 section 3.5.
Outcome outcome_of_error(const HttpResponse& response) {
    const std::string error = json_text(response.body, "error").value_or("");
    if (error == "authorization_pending") return Outcome::pending;
    if (error == "slow_down") return Outcome::slow_down;
    if (error == "access_denied") return Outcome::denied;
    if (error == "expired_token") return Outcome::expired;
    if (error == "invalid_grant") return Outcome::dead_grant;
    return response.status == 429 || response.status >= 500 ? Outcome::unavailable : Outcome::refused;
}

}  // namespace

HttpResponse post_form(const Call& call, std::string_view url, Fields fields) {
    std::string body;
    for (const auto& [name, value] : fields) {
        if (value.empty()) continue;
        if (!body.empty()) body += '&';
        body += percent_encoded(name) + '=' + percent_encoded(value);
    }
    return call.http({"POST", std::string(url), {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}}, std::move(body)});
}

TokenAnswer ask_for_tokens(const Call& call, Fields fields) {
    const HttpResponse response = post_form(call, call.required_setting("token_endpoint"), fields);
    if (response.status == 200) return issued(call, response.body);
    return {outcome_of_error(response), {}, reason_of(response)};
}

std::string reason_of(const HttpResponse& response) {
    if (auto text = json_text(response.body, "error_description"); text && !text->empty()) return *text;
    if (auto text = json_text(response.body, "error"); text && !text->empty()) return *text;
    return "HTTP status " + std::to_string(response.status);
}

}  // namespace device_code_cpp
