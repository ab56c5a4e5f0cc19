#include "plugins/qwen_oauth/token_endpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "plugins/qwen_oauth/form_encoding.hpp"

namespace qwen_oauth {
namespace {

using Json = nlohmann::json;
using qwen::plugin::Call;
using qwen::plugin::HttpRequest;
using qwen::plugin::HttpResponse;

constexpr std::string_view kDeviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::size_t kMostDetail = 300;
constexpr double kLongestLifetime = 10.0 * 365 * 86400;  // seconds; beyond it stands a mistake

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t expiry_of(const Json& body, std::int64_t now_utc_ms) {
    const auto found = body.find("expires_in");
    if (found == body.end()) return 0;
    double seconds = 0;
    if (found->is_number()) {
        seconds = found->get<double>();
    } else if (found->is_string()) {
        seconds = std::strtod(found->get_ref<const std::string&>().c_str(), nullptr);
    }
    if (!std::isfinite(seconds) || seconds <= 0 || seconds > kLongestLifetime) return 0;
    return now_utc_ms + static_cast<std::int64_t>(seconds * 1000);
}

bool is_bearer(std::string_view type) {
    constexpr std::string_view kBearer = "bearer";
    return std::equal(type.begin(), type.end(), kBearer.begin(), kBearer.end(), [](char a, char b) { return (a | 0x20) == b; });
}

/// What may stand in a header behind "Bearer ".
bool is_sendable(std::string_view token) {
    return std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

TokenAnswer read_success(Grant grant, const Json& body, std::int64_t now_utc_ms) {
    TokenAnswer answer;
    answer.tokens.access_token = text_at(body, "access_token");
    if (answer.tokens.access_token.empty()) {
        // Seen from Qwen: a success with nulls while the person has not decided yet.
        if (grant == Grant::device_code) return {TokenOutcome::authorization_pending, {}, "a success without an access token"};
        return {TokenOutcome::try_again, {}, "a success without an access token"};
    }
    answer.tokens.refresh_token = text_at(body, "refresh_token");
    answer.tokens.token_type = text_at(body, "token_type");
    answer.tokens.resource_url = text_at(body, "resource_url");
    answer.tokens.expiry_date = expiry_of(body, now_utc_ms);
    if (answer.tokens.token_type.empty()) answer.tokens.token_type = "Bearer";
    if (!is_bearer(answer.tokens.token_type)) return {TokenOutcome::refused, {}, "its token_type is not Bearer"};
    if (!is_sendable(answer.tokens.access_token)) return {TokenOutcome::refused, {}, "its access token has characters that no header can carry"};
    answer.outcome = TokenOutcome::issued;
    return answer;
}

bool mentions_refresh_token(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return text.find("refresh token") != std::string::npos || text.find("refresh_token") != std::string::npos;
}

TokenOutcome outcome_of_refresh(std::uint32_t status, const Json& body) {
    const std::string error = text_at(body, "error");
    if (error == "invalid_grant") return TokenOutcome::invalid_grant;
    // Qwen's own words for a dead refresh token: invalid_request, "Invalid refresh token or client_id".
    if (status == 400 && error == "invalid_request" && mentions_refresh_token(text_at(body, "error_description"))) return TokenOutcome::invalid_grant;
    if (error == "slow_down" || error == "temporarily_unavailable" || error == "server_error") return TokenOutcome::try_again;
    return TokenOutcome::refused;
}

TokenOutcome outcome_of_poll(std::uint32_t status, const Json& body) {
    const std::string error = text_at(body, "error");
    if (error == "authorization_pending") return TokenOutcome::authorization_pending;
    if (error == "slow_down") return TokenOutcome::slow_down;
    if (error == "access_denied") return TokenOutcome::access_denied;
    if (error == "expired_token") return TokenOutcome::expired_token;
    if (error == "temporarily_unavailable" || error == "server_error") return TokenOutcome::try_again;
    // Qwen's word for a device code it no longer knows; elsewhere a 401 says what is wrong with the client.
    if (status == 401 && error != "invalid_client") return TokenOutcome::expired_token;
    return TokenOutcome::refused;
}

bool is_temporary(std::uint32_t status) { return status >= 500 || status == 408 || status == 425; }

}  // namespace

std::string error_text(std::uint32_t status, std::string_view body) {
    const Json json = Json::parse(body, nullptr, false);
    std::string text;
    if (json.is_object()) {
        text = text_at(json, "error");
        const std::string description = text_at(json, "error_description");
        if (!description.empty()) text += (text.empty() ? "" : ": ") + description;
    }
    if (text.size() > kMostDetail) text.resize(kMostDetail);
    return text + (text.empty() ? "status " : " (status ") + std::to_string(status) + (text.empty() ? "" : ")");
}

TokenAnswer read_token_answer(Grant grant, std::uint32_t status, std::string_view body, std::int64_t now_utc_ms) {
    const Json json = Json::parse(body, nullptr, false);
    const bool has_error = json.is_object() && !text_at(json, "error").empty();
    const bool is_success = status >= 200 && status < 300;
    if (is_success && json.is_object() && !has_error) return read_success(grant, json, now_utc_ms);

    TokenAnswer answer{TokenOutcome::refused, {}, error_text(status, body)};
    if (has_error) answer.outcome = grant == Grant::device_code ? outcome_of_poll(status, json) : outcome_of_refresh(status, json);
    // A login page of the network, a gateway's error page: somebody else than the issuer answered.
    if (is_temporary(status) || (is_success && !has_error)) answer.outcome = TokenOutcome::try_again;
    if (status == 429 && answer.outcome == TokenOutcome::refused) answer.outcome = grant == Grant::device_code ? TokenOutcome::slow_down : TokenOutcome::try_again;
    if (grant == Grant::device_code && status == 401 && !has_error) answer.outcome = TokenOutcome::expired_token;
    return answer;
}

HttpResponse post_form(const Call& call, std::string_view url, std::string body, std::string_view request_id) {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    if (!request_id.empty()) request.headers.push_back({"x-request-id", std::string(request_id)});
    request.body = std::move(body);
    struct Wipe {
        std::string& text;
        ~Wipe() { ::explicit_bzero(text.data(), text.size()); }
    } const wipe{request.body};
    return call.http(request);
}

TokenAnswer redeem_device_code(const Call& call, std::string_view device_code, std::string_view code_verifier) {
    const auto response = post_form(call, call.required_setting("token_endpoint"),
                                    form_encoded({{"grant_type", kDeviceCodeGrant},
                                                  {"client_id", call.required_setting("client_id")},
                                                  {"device_code", device_code},
                                                  {"code_verifier", code_verifier}}));
    return read_token_answer(Grant::device_code, response.status, response.body, call.now_utc_ms());
}

TokenAnswer redeem_refresh_token(const Call& call, std::string_view refresh_token) {
    const auto response = post_form(
        call, call.required_setting("token_endpoint"),
        form_encoded({{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}, {"client_id", call.required_setting("client_id")}}));
    return read_token_answer(Grant::refresh_token, response.status, response.body, call.now_utc_ms());
}

}  // namespace qwen_oauth
