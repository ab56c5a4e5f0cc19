#include "tests/loopback_provider/authorization.hpp"

#include <chrono>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <random>

namespace loopback {
namespace {

using nlohmann::json;

long long now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

HttpResponse refused(const char* error, const char* description, int status = 400) {
    return {.status = status, .body = json{{"error", error}, {"error_description", description}}.dump()};
}

std::string field(const std::map<std::string, std::string>& form, const char* name) {
    const auto found = form.find(name);
    return found == form.end() ? std::string{} : found->second;
}

}  // namespace

std::string Issuer::new_secret(const char* kind) {
    static std::random_device random;
    return fmt::format("{}-{:08x}{:08x}{:08x}{:08x}", kind, random(), random(), random(), random());
}

HttpResponse Issuer::device_code(const HttpRequest& request) {
    const auto form = parse_form(request.body);
    if (field(form, "client_id").empty()) return refused("invalid_client", "client_id is missing", 401);
    if (field(form, "code_challenge_method") != "S256" || field(form, "code_challenge").size() != 43) {
        return refused("invalid_request", "PKCE with S256 is required");
    }
    const auto device = new_secret("device");
    const auto user = new_secret("").substr(1, 8);
    sign_ins_[device] = {.client_id = field(form, "client_id"), .challenge = field(form, "code_challenge"),
                         .expires_ms = now_ms() + options_.code_lifetime_s * 1000};
    const auto page = options_.base_url + "/authorize";
    return {.body = json{{"device_code", device}, {"user_code", user}, {"verification_uri", page},
                         {"verification_uri_complete", page + "?user_code=" + user + "&client=qwen-code"},
                         {"expires_in", options_.code_lifetime_s}, {"interval", options_.interval_s}}.dump()};
}

HttpResponse Issuer::token(const HttpRequest& request) {
    ++log_.token_calls;
    const auto form = parse_form(request.body);
    const auto grant = field(form, "grant_type");
    if (grant == "urn:ietf:params:oauth:grant-type:device_code") return poll(form);
    if (grant == "refresh_token") return refresh(form);
    return refused("unsupported_grant_type", "device_code or refresh_token");
}

HttpResponse Issuer::poll(const std::map<std::string, std::string>& form) {
    const auto found = sign_ins_.find(field(form, "device_code"));
    if (found == sign_ins_.end() || found->second.client_id != field(form, "client_id")) return refused("invalid_grant", "unknown device_code");
    auto& sign_in = found->second;
    if (s256(field(form, "code_verifier")) != sign_in.challenge) return refused("invalid_grant", "code_verifier does not match");

    const auto now = now_ms();
    if (now > sign_in.expires_ms) return refused("expired_token", "the code has expired");
    // Half the interval of grace: the client's clock and ours do not start together.
    const bool too_soon = sign_in.last_poll_ms != 0 && now - sign_in.last_poll_ms < options_.interval_s * 500;
    sign_in.last_poll_ms = now;
    if (too_soon) return refused("slow_down", "polling too fast");
    if (sign_in.decision == Decision::denied) return refused("access_denied", "the user said no");
    if (options_.approve_after_polls >= 0 && sign_in.polls++ >= options_.approve_after_polls) sign_in.decision = Decision::approved;
    if (sign_in.decision == Decision::pending) return refused("authorization_pending", "the user has not decided yet");
    sign_ins_.erase(found);
    return issue_tokens();
}

HttpResponse Issuer::refresh(const std::map<std::string, std::string>& form) {
    const auto presented = field(form, "refresh_token");
    if (used_refresh_tokens_.contains(presented)) {
        ++log_.refresh_replays;
        return refused("invalid_grant", "refresh token was used before");
    }
    if (refresh_tokens_.erase(presented) == 0) return refused("invalid_grant", "unknown refresh token");
    used_refresh_tokens_.insert(presented);
    return issue_tokens();
}

HttpResponse Issuer::issue_tokens() {
    const auto access = new_secret("access");
    const auto renewal = new_secret("refresh");
    access_tokens_.insert(access);
    refresh_tokens_.insert(renewal);
    return {.body = json{{"access_token", access}, {"refresh_token", renewal}, {"token_type", "Bearer"}, {"expires_in", options_.token_lifetime_s},
                         {"scope", "openid profile email model.completion"}, {"resource_url", options_.base_url + "/v1"}}.dump(),
            .more_headers = "Cache-Control: no-store\r\n"};
}

HttpResponse Issuer::revoke(const HttpRequest& request) {
    const auto token = field(parse_form(request.body), "token");
    access_tokens_.erase(token);
    refresh_tokens_.erase(token);
    return {.body = "{}"};
}

void Issuer::decide(Decision decision) {
    for (auto& [device, sign_in] : sign_ins_) sign_in.decision = decision;
}

void Issuer::revoke_everything() {
    expire_access_tokens();
    refresh_tokens_.clear();
}

}  // namespace loopback
