// The provider: reads what is stored, puts it on requests, and leaves signing in, renewing and judging answers to the files beside it.
#include <qwen/plugin.hpp>

#include <cstring>
#include <string>

#include "plugins/qwen_oauth/api_answer.hpp"
#include "plugins/qwen_oauth/device_authorization.hpp"
#include "plugins/qwen_oauth/form_encoding.hpp"
#include "plugins/qwen_oauth/token_endpoint.hpp"
#include "plugins/qwen_oauth/token_state.hpp"

namespace qwen_oauth {
namespace {

using qwen::plugin::Call;
using qwen::plugin::Failure;
using qwen::plugin::Sink;

/// The one value the host keeps for this plugin: the JSON of oauth_creds.json.
constexpr std::string_view kCredentials = "credentials";
/// Writers beside us that may win the race before a login gives up.
constexpr int kMostConflicts = 5;

struct Stored {
    TokenState tokens;
    std::uint64_t revision = 0;
};

std::optional<Stored> read_stored(const Call& call) {
    const auto stored = call.stored(kCredentials);
    if (!stored) return std::nullopt;
    auto tokens = parse_token_state(stored->value);
    if (!tokens) return std::nullopt;
    return Stored{std::move(*tokens), stored->revision};
}

/// Also when what is stored cannot be used: it is replaced then. 0: nothing is stored.
std::uint64_t stored_revision(const Call& call) {
    const auto stored = call.stored(kCredentials);
    return stored ? stored->revision : 0;
}

void store(const Call& call, const TokenState& tokens, std::uint64_t revision) {
    std::string json = to_json(tokens);
    struct Wipe {
        std::string& text;
        ~Wipe() { ::explicit_bzero(text.data(), text.size()); }
    } const wipe{json};
    static_cast<void>(call.store(kCredentials, json, tokens.expiry_date, revision));
}

/// Whoever signs in means this sign-in: another one stored meanwhile is replaced.
void store_login(const Call& call, const TokenState& tokens) {
    for (int conflicts = 0;; ++conflicts) {
        try {
            store(call, tokens, stored_revision(call));
            return;
        } catch (const Failure& failure) {
            if (failure.status() != QWEN_ERR_CONFLICT || conflicts == kMostConflicts) throw;
        }
    }
}

bool is_configured(const Call& call, const char* key) {
    const auto found = call.setting_with_source(key);
    return found && !found->value.empty() && found->source != QWEN_SETTING_FROM_DEFAULT;
}

/// A configured URL, else where the sign-in says, else the default.
std::string base_url(const Call& call, const TokenState* tokens) {
    if (!is_configured(call, "base_url") && tokens != nullptr && !tokens->resource_url.empty()) return base_url_of(tokens->resource_url);
    return std::string(call.setting("base_url").value_or(std::string_view()));
}

void revoke(const Call& call, const TokenState& tokens) {
    const auto endpoint = call.setting("revocation_endpoint");
    if (!endpoint || endpoint->empty()) return;
    const bool has_refresh_token = !tokens.refresh_token.empty();
    try {
        const auto response = post_form(call, *endpoint,
                                        form_encoded({{"token", has_refresh_token ? tokens.refresh_token : tokens.access_token},
                                                      {"token_type_hint", has_refresh_token ? "refresh_token" : "access_token"},
                                                      {"client_id", call.required_setting("client_id")}}));
        call.notice(response.status < 400 ? "the server has revoked the sign-in"
                                          : "the server did not revoke the sign-in: " + error_text(response.status, response.body));
    } catch (const Failure& failure) {
        if (failure.status() == QWEN_ERR_CANCELLED) throw;
        call.notice("the server could not be asked to revoke the sign-in; it expires by itself");
    }
}

class QwenOAuth final : public qwen::plugin::Provider, public qwen::plugin::Login, public qwen::plugin::Refresh {
public:
    void state(Call& call, Sink& sink) override {
        const auto stored = read_stored(call);
        const TokenState* const tokens = stored ? &stored->tokens : nullptr;
        const std::string url = base_url(call, tokens);
        if (tokens == nullptr || (tokens->access_token.empty() && tokens->refresh_token.empty())) {
            sink.set_state(QWEN_STATE_LOGIN_NEEDED, 0, url);
            return;
        }
        const bool has_expired = tokens->access_token.empty() || (tokens->expiry_date != 0 && call.now_utc_ms() >= tokens->expiry_date);
        const bool can_renew = !tokens->refresh_token.empty();
        const std::uint32_t kind = !has_expired ? QWEN_STATE_READY : can_renew ? QWEN_STATE_EXPIRED : QWEN_STATE_LOGIN_NEEDED;
        sink.set_state(kind, tokens->expiry_date, url);
    }

    void authorize(Call& call, const qwen_request&, Sink& sink) override {
        const auto stored = read_stored(call);
        if (!stored) throw Failure(QWEN_NEED_LOGIN, "nobody is signed in", "qwen auth login");
        // Whether it has expired is the host's to say: it renews before, once for all processes.
        if (stored->tokens.access_token.empty()) throw Failure(QWEN_NEED_REFRESH);
        sink.set_base_url(base_url(call, &stored->tokens));
        const std::string program = std::string(qwen::plugin::view(call.host().table()->name)) + "/" + std::string(qwen::plugin::view(call.host().table()->version));
        // As Qwen Code sends them to whatever server its sign-in names.
        sink.set_header("X-DashScope-CacheControl", qwen::plugin::borrow("enable"));
        sink.set_header("X-DashScope-UserAgent", qwen::plugin::borrow(program));
        sink.set_header("X-DashScope-AuthType", qwen::plugin::borrow("qwen-oauth"));
        std::string bearer = "Bearer " + stored->tokens.access_token;
        sink.set_header("Authorization", qwen::plugin::sensitive(bearer));
        ::explicit_bzero(bearer.data(), bearer.size());
    }

    void on_response(Call&, const qwen_response& response, Sink& sink) override {
        switch (read_api_answer(response.status, qwen::plugin::view(response.body_start))) {
            case Meaning::pass: break;
            case Meaning::token_refused: sink.set_verdict(QWEN_VERDICT_REFRESH_AND_RETRY, "the sign-in was refused"); break;
            case Meaning::rate_limited: sink.set_verdict(QWEN_VERDICT_RATE_LIMITED, "too many requests"); break;
            case Meaning::quota_exhausted: sink.set_verdict(QWEN_VERDICT_QUOTA_EXHAUSTED, "the quota of this account is used up"); break;
        }
    }

    void login(Call& call, std::string_view) override {
        if (call.interactive() == QWEN_INTERACTIVE_NEVER) throw Failure(QWEN_ERR_NOT_INTERACTIVE, "signing in needs a person with a browser");
        store_login(call, authorize_device(call));
    }

    void logout(Call& call) override {
        if (const auto stored = read_stored(call)) revoke(call, stored->tokens);
        call.erase(kCredentials);
    }

    void refresh(Call& call) override {
        const auto stored = read_stored(call);
        if (!stored || stored->tokens.refresh_token.empty()) throw Failure(QWEN_NEED_LOGIN, "the sign-in cannot be renewed", "qwen auth login");
        TokenAnswer answer = redeem_refresh_token(call, stored->tokens.refresh_token);
        switch (answer.outcome) {
            case TokenOutcome::issued: break;
            case TokenOutcome::invalid_grant: throw Failure(QWEN_ERR_INVALID_GRANT, "the sign-in is no longer renewed: " + answer.detail);
            case TokenOutcome::try_again: throw Failure(QWEN_ERR_TRANSIENT, "the sign-in could not be renewed now: " + answer.detail);
            default: throw Failure(QWEN_NEED_LOGIN, "the server refused to renew the sign-in: " + answer.detail, "qwen auth login");
        }
        // RFC 6749 section 6: without a new refresh token the old one stays. Where requests go stays too.
        if (answer.tokens.refresh_token.empty()) answer.tokens.refresh_token = stored->tokens.refresh_token;
        if (answer.tokens.resource_url.empty()) answer.tokens.resource_url = stored->tokens.resource_url;
        try {
            store(call, answer.tokens, stored->revision);
        } catch (const Failure& failure) {
            // Another program signed in while we renewed: theirs is newer, and used.
            if (failure.status() != QWEN_ERR_CONFLICT) throw;
        }
    }
};

}  // namespace
}  // namespace qwen_oauth

QWEN_PROVIDER(qwen_oauth::QwenOAuth, "qwen_oauth", "1.0.0")
