#include "plugins/qwen_oauth/device_authorization.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "plugins/qwen_oauth/form_encoding.hpp"
#include "plugins/qwen_oauth/pkce.hpp"
#include "plugins/qwen_oauth/token_endpoint.hpp"

namespace qwen_oauth {
namespace {

using Json = nlohmann::json;
using qwen::plugin::Call;
using qwen::plugin::Failure;

constexpr std::int64_t kDefaultIntervalMs = 5'000;  // RFC 8628 section 3.2
constexpr std::int64_t kSlowDownMs = 5'000;         // section 3.5
constexpr std::int64_t kShortestIntervalMs = 1'000;
constexpr std::int64_t kLongestIntervalMs = 60'000;
constexpr std::int64_t kDefaultLifetimeMs = 600'000;  // expires_in is required; some leave it out
constexpr std::int64_t kLongestLifetimeMs = 86'400'000;
/// How often the person sees the time go by.
constexpr std::int64_t kTickMs = 1'000;

struct DeviceCode {
    std::string device_code;  // a credential until it is redeemed
    std::string user_code;
    std::string verification_uri;
    std::string verification_uri_complete;
    std::int64_t lifetime_ms = kDefaultLifetimeMs;
    std::int64_t interval_ms = kDefaultIntervalMs;

    DeviceCode() = default;
    DeviceCode(DeviceCode&&) = default;
    DeviceCode& operator=(DeviceCode&&) = delete;
    DeviceCode(const DeviceCode&) = delete;
    DeviceCode& operator=(const DeviceCode&) = delete;
    ~DeviceCode() { ::explicit_bzero(device_code.data(), device_code.size()); }
};

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// `fallback` for what is absent or no number above 0.
std::int64_t milliseconds_at(const Json& object, const char* key, std::int64_t fallback, std::int64_t longest) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return fallback;
    const auto seconds = found->get<double>();
    if (!(seconds > 0)) return fallback;
    return static_cast<std::int64_t>(std::min(seconds * 1000, static_cast<double>(longest)));
}

DeviceCode read_device_code(std::uint32_t status, std::string_view body) {
    const Json json = Json::parse(body, nullptr, false);
    if (status < 200 || status >= 300 || (json.is_object() && json.contains("error"))) {
        throw Failure(status >= 500 ? QWEN_ERR_TRANSIENT : QWEN_ERR_PROVIDER, "the sign-in could not be started: " + error_text(status, body));
    }
    DeviceCode code;
    if (json.is_object()) {
        code.device_code = text_at(json, "device_code");
        code.user_code = text_at(json, "user_code");
        code.verification_uri = text_at(json, "verification_uri");
        code.verification_uri_complete = text_at(json, "verification_uri_complete");
        code.lifetime_ms = milliseconds_at(json, "expires_in", kDefaultLifetimeMs, kLongestLifetimeMs);
        code.interval_ms = std::max(kShortestIntervalMs, milliseconds_at(json, "interval", kDefaultIntervalMs, kLongestIntervalMs));
    }
    const bool is_complete = !code.device_code.empty() && !code.user_code.empty() && !code.verification_uri.empty();
    if (!is_complete) {
        throw Failure(QWEN_ERR_BAD_RESPONSE, "the device authorization endpoint answered without a code",
                      "is 'device_authorization_endpoint' the right address?", "device_authorization_endpoint");
    }
    return code;
}

DeviceCode request_device_code(const Call& call, const ProofKey& key) {
    const auto response = post_form(call, call.required_setting("device_authorization_endpoint"),
                                    form_encoded({{"client_id", call.required_setting("client_id")},
                                                  {"scope", call.setting("scope").value_or(std::string_view())},
                                                  {"code_challenge", key.challenge},
                                                  {"code_challenge_method", "S256"}}),
                                    make_uuid(call));
    return read_device_code(response.status, response.body);
}

void show(const Call& call, const DeviceCode& code) {
    using qwen::plugin::borrow;
    qwen_device_code shown{};
    shown.struct_size = sizeof shown;
    shown.verification_uri = borrow(code.verification_uri);
    shown.verification_uri_complete = borrow(code.verification_uri_complete);
    shown.user_code = borrow(code.user_code);
    shown.expires_at_utc_ms = call.now_utc_ms() + code.lifetime_ms;
    call.show_device_code(shown);
}

/// Asks the token endpoint at the pace it wants. Time is counted on the clock that never jumps; what a suspended machine slept through, the
/// issuer knows.
class Polling {
public:
    Polling(const Call& call, const DeviceCode& code, const ProofKey& key)
        : call_(call), code_(code), key_(key), interval_ms_(code.interval_ms), deadline_ms_(call.now_mono_ms() + code.lifetime_ms) {}

    TokenState run() {
        while (true) {
            wait();
            TokenAnswer answer = ask();
            switch (answer.outcome) {
                case TokenOutcome::issued: call_.progress(QWEN_PROGRESS_AUTHORIZED); return std::move(answer.tokens);
                case TokenOutcome::authorization_pending: is_outage_ = false; break;
                case TokenOutcome::slow_down: slow_down(); break;
                case TokenOutcome::try_again: note_outage(answer.detail); break;
                case TokenOutcome::access_denied: call_.progress(QWEN_PROGRESS_DENIED); throw Failure(QWEN_ERR_LOGIN_DENIED, "the sign-in was refused in the browser");
                case TokenOutcome::expired_token: expire();
                case TokenOutcome::invalid_grant:
                case TokenOutcome::refused: throw Failure(QWEN_ERR_PROVIDER, "the sign-in was refused by the server: " + answer.detail);
            }
        }
    }

private:
    TokenAnswer ask() {
        try {
            return redeem_device_code(call_, code_.device_code, key_.verifier);
        } catch (const Failure& failure) {
            const bool may_come_back = failure.status() == QWEN_ERR_NETWORK || failure.status() == QWEN_ERR_TIMED_OUT || failure.status() == QWEN_ERR_TRANSIENT;
            if (!may_come_back) throw;
            return {TokenOutcome::try_again, {}, {}};
        }
    }

    void wait() {
        // After a failure twice as long, once more and more (section 3.5 asks for less load on a connection timeout).
        const std::int64_t pause = std::min(interval_ms_ * outage_factor_, std::max(interval_ms_, kLongestOutagePauseMs));
        const std::int64_t next_poll = call_.now_mono_ms() + pause;
        while (call_.now_mono_ms() < next_poll) {
            if (call_.now_mono_ms() >= deadline_ms_) expire();
            call_.progress(QWEN_PROGRESS_POLLING);
            call_.sleep_until(std::min({next_poll, deadline_ms_, call_.now_mono_ms() + kTickMs}));
        }
    }

    void slow_down() {
        is_outage_ = false;
        outage_factor_ = 1;
        interval_ms_ = std::min(interval_ms_ + kSlowDownMs, kLongestIntervalMs);
        call_.progress(QWEN_PROGRESS_SLOWED_DOWN);
    }

    void note_outage(const std::string& detail) {
        if (!is_outage_) call_.progress(QWEN_PROGRESS_NETWORK_LOST, detail);
        is_outage_ = true;
        outage_factor_ = std::min<std::int64_t>(outage_factor_ * 2, 8);
    }

    [[noreturn]] void expire() {
        call_.progress(QWEN_PROGRESS_EXPIRED);
        throw Failure(QWEN_ERR_LOGIN_EXPIRED, "the code expired before the sign-in was approved", "start again: qwen auth login");
    }

    static constexpr std::int64_t kLongestOutagePauseMs = 20'000;

    const Call& call_;
    const DeviceCode& code_;
    const ProofKey& key_;
    std::int64_t interval_ms_;
    std::int64_t deadline_ms_;
    std::int64_t outage_factor_ = 1;
    bool is_outage_ = false;
};

}  // namespace

TokenState authorize_device(const Call& call) {
    const ProofKey key = make_proof_key(call);
    const DeviceCode code = request_device_code(call, key);
    show(call, code);
    return Polling(call, code, key).run();
}

}  // namespace qwen_oauth
