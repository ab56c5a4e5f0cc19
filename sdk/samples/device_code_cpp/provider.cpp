// A provider that is signed in to with a browser. The host keeps the tokens, decides when they are renewed, and makes the requests.
#include <optional>
#include <qwen/plugin.hpp>
#include <string>

#include "device_flow.hpp"

namespace device_code_cpp {
namespace {

using qwen::plugin::Call;
using qwen::plugin::Failure;
using qwen::plugin::Sink;

/// The host renews what is stored under this key, shortly before it expires and once for all processes.
constexpr std::string_view kCredentials = "credentials";

struct Stored {
    Tokens tokens;
    std::uint64_t revision = 0;
};

/// Stored as two lines: access token, refresh token.
std::optional<Stored> read(const Call& call) {
    const auto secret = call.stored(kCredentials);
    if (!secret) return std::nullopt;
    const auto end = secret->value.find('\n');
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    return Stored{{std::string(secret->value.substr(0, end)), std::string(secret->value.substr(end + 1)), secret->expires_at_utc_ms}, secret->revision};
}

void write(const Call& call, const Tokens& tokens, std::uint64_t revision) {
    call.store(kCredentials, tokens.access_token + '\n' + tokens.refresh_token, tokens.expires_at_utc_ms, revision);
}

class DeviceCodeProvider final : public qwen::plugin::Provider, public qwen::plugin::Login, public qwen::plugin::Refresh {
public:
    void state(Call& call, Sink& sink) override {
        const auto stored = read(call);
        if (!stored) return sink.set_state(QWEN_STATE_LOGIN_NEEDED);
        const std::int64_t expires = stored->tokens.expires_at_utc_ms;
        const bool has_expired = expires != 0 && call.now_utc_ms() >= expires;
        const bool can_renew = !stored->tokens.refresh_token.empty();
        sink.set_state(!has_expired ? QWEN_STATE_READY : can_renew ? QWEN_STATE_EXPIRED : QWEN_STATE_LOGIN_NEEDED, expires);
    }

    void authorize(Call& call, const qwen_request&, Sink& sink) override {
        const auto stored = read(call);
        if (!stored) throw Failure(QWEN_NEED_LOGIN);
        sink.set_header("Authorization", qwen::plugin::sensitive("Bearer " + stored->tokens.access_token));
    }

    void on_response(Call&, const qwen_response& response, Sink& sink) override {
        if (response.status == 401) sink.set_verdict(QWEN_VERDICT_REFRESH_AND_RETRY);
    }

    void login(Call& call, std::string_view) override {
        const Tokens tokens = sign_in(call);
        const auto before = call.stored(kCredentials);
        write(call, tokens, before ? before->revision : 0);
    }

    void logout(Call& call) override { call.erase(kCredentials); }

    void refresh(Call& call) override {
        const auto stored = read(call);
        if (!stored || stored->tokens.refresh_token.empty()) throw Failure(QWEN_NEED_LOGIN);
        TokenAnswer answer = ask_for_tokens(call, {{"grant_type", "refresh_token"},
                                                   {"refresh_token", stored->tokens.refresh_token},
                                                   {"client_id", call.required_setting("client_id")}});
        if (answer.outcome == Outcome::dead_grant) throw Failure(QWEN_ERR_INVALID_GRANT, "the sign-in is no longer renewed: " + answer.reason);
        if (answer.outcome != Outcome::issued) throw Failure(QWEN_ERR_TRANSIENT, "the sign-in could not be renewed now: " + answer.reason);
        // RFC 6749 section 6: without a new refresh token the old one stays.
        if (answer.tokens.refresh_token.empty()) answer.tokens.refresh_token = stored->tokens.refresh_token;
        write(call, answer.tokens, stored->revision);
    }
};

}  // namespace
}  // namespace device_code_cpp

QWEN_PROVIDER(device_code_cpp::DeviceCodeProvider, "device_code_cpp", "1.0.0")
