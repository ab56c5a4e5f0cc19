#include "device_flow.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace device_code_cpp {
namespace {

using qwen::plugin::borrow;
using qwen::plugin::Call;
using qwen::plugin::Failure;
using qwen::plugin::json_integer;
using qwen::plugin::json_text;

struct DeviceCode {
    std::string device_code;
    std::string user_code;
    std::string verification_uri;
    std::string verification_uri_complete;
    std::int64_t lifetime_ms = 0;
    std::int64_t interval_ms = 0;
};

/// RFC 4648 section 5, without padding.
std::string base64url(const std::array<std::uint8_t, 32>& bytes) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        buffer = buffer << 8 | byte;
        for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[buffer >> (bits - 6) & 63];
    }
    if (bits > 0) text += kAlphabet[buffer << (6 - bits) & 63];
    return text;
}

std::string make_verifier(const Call& call) {
    std::array<std::uint8_t, 32> bytes{};
    call.random_bytes(bytes.data(), bytes.size());
    return base64url(bytes);
}

std::int64_t seconds_in_ms(std::string_view json, std::string_view name, std::int64_t absent, std::int64_t most) {
    const std::int64_t seconds = json_integer(json, name).value_or(0);
    return (seconds > 0 ? std::min(seconds, most) : absent) * 1000;
}

DeviceCode ask_for_code(const Call& call, std::string_view verifier) {
    const auto response = post_form(call, call.required_setting("device_authorization_endpoint"),
                                    {{"client_id", call.required_setting("client_id")},
                                     {"scope", call.setting("scope").value_or("")},
                                     {"code_challenge", base64url(call.sha256(verifier))},
                                     {"code_challenge_method", "S256"}});
    if (response.status != 200) throw Failure(QWEN_ERR_PROVIDER, "the sign-in could not be started: " + reason_of(response));
    const auto text = [&](std::string_view name) { return json_text(response.body, name).value_or(""); };
    DeviceCode code{text("device_code"), text("user_code"), text("verification_uri"), text("verification_uri_complete"),
                    seconds_in_ms(response.body, "expires_in", 600, 86'400), seconds_in_ms(response.body, "interval", 5, 60)};
    if (code.device_code.empty() || code.user_code.empty() || code.verification_uri.empty()) {
        throw Failure(QWEN_ERR_BAD_RESPONSE, "the issuer answered without a code", {}, "device_authorization_endpoint");
    }
    return code;
}

void show(const Call& call, const DeviceCode& code) {
    qwen_device_code shown{};
    shown.struct_size = sizeof shown;
    shown.verification_uri = borrow(code.verification_uri);
    shown.verification_uri_complete = borrow(code.verification_uri_complete);
    shown.user_code = borrow(code.user_code);
    shown.expires_at_utc_ms = call.now_utc_ms() + code.lifetime_ms;
    call.show_device_code(shown);
}

/// Waits in steps of a second, so that the person sees the time go by. Ctrl-C ends sleep_until at once: it throws.
void wait(const Call& call, std::int64_t until_mono_ms) {
    while (call.now_mono_ms() < until_mono_ms) {
        call.progress(QWEN_PROGRESS_POLLING);
        call.sleep_until(std::min(until_mono_ms, call.now_mono_ms() + 1000));
    }
}

/// A server that cannot be reached now may be back at the next poll.
TokenAnswer poll(const Call& call, const DeviceCode& code, std::string_view verifier) {
    try {
        return ask_for_tokens(call, {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                     {"device_code", code.device_code},
                                     {"client_id", call.required_setting("client_id")},
                                     {"code_verifier", verifier}});
    } catch (const Failure& failure) {
        if (failure.status() != QWEN_ERR_NETWORK && failure.status() != QWEN_ERR_TIMED_OUT) throw;
        return {Outcome::unavailable, {}, {}};
    }
}

}  // namespace

Tokens sign_in(const Call& call) {
    const std::string verifier = make_verifier(call);
    const DeviceCode code = ask_for_code(call, verifier);
    show(call, code);
    const std::int64_t deadline = call.now_mono_ms() + code.lifetime_ms;
    std::int64_t interval_ms = code.interval_ms;
    while (call.now_mono_ms() < deadline) {
        wait(call, std::min(deadline, call.now_mono_ms() + interval_ms));
        TokenAnswer answer = poll(call, code, verifier);
        switch (answer.outcome) {
            case Outcome::issued: call.progress(QWEN_PROGRESS_AUTHORIZED); return std::move(answer.tokens);
            case Outcome::pending: break;
            case Outcome::slow_down:
                interval_ms += 5000;  // RFC 8628 section 3.5
                call.progress(QWEN_PROGRESS_SLOWED_DOWN);
                break;
            case Outcome::unavailable:
                interval_ms = std::min<std::int64_t>(interval_ms * 2, 60'000);
                call.progress(QWEN_PROGRESS_NETWORK_LOST);
                break;
            case Outcome::denied: call.progress(QWEN_PROGRESS_DENIED); throw Failure(QWEN_ERR_LOGIN_DENIED, "the sign-in was refused in the browser");
            case Outcome::expired: throw Failure(QWEN_ERR_LOGIN_EXPIRED, "the code expired before the sign-in was approved");
            case Outcome::dead_grant:
            case Outcome::refused: throw Failure(QWEN_ERR_PROVIDER, "the sign-in was refused by the server: " + answer.reason);
        }
    }
    call.progress(QWEN_PROGRESS_EXPIRED);
    throw Failure(QWEN_ERR_LOGIN_EXPIRED, "the code expired before the sign-in was approved");
}

}  // namespace device_code_cpp
