// A provider that takes an API key and sends it as a bearer token. The host asks for the key, keeps it, and makes the requests.
#include <algorithm>
#include <qwen/plugin.hpp>
#include <string>

namespace {

using qwen::plugin::Call;
using qwen::plugin::Failure;
using qwen::plugin::Sink;

/// The setting (flag, variable, .env, config.toml) goes before the key that `qwen auth login` stored. Empty: there is none.
std::string_view find_key(const Call& call) {
    if (const auto configured = call.setting("api_key"); configured && !configured->empty()) return *configured;
    const auto stored = call.stored("api_key");
    return stored ? stored->value : std::string_view();
}

class KeyProvider final : public qwen::plugin::Provider {
public:
    void state(Call& call, Sink& sink) override { sink.set_state(find_key(call).empty() ? QWEN_STATE_LOGIN_NEEDED : QWEN_STATE_READY); }

    void authorize(Call& call, const qwen_request&, Sink& sink) override {
        const std::string_view key = find_key(call);
        if (key.empty()) throw Failure(QWEN_NEED_LOGIN);
        const bool is_plain = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
        if (!is_plain) throw Failure(QWEN_ERR_SETTING, "the API key cannot be sent: a character that is not ASCII", {}, "api_key");
        sink.set_header("Authorization", qwen::plugin::sensitive("Bearer " + std::string(key)));
    }

    void on_response(Call&, const qwen_response& response, Sink& sink) override {
        if (response.status == 401) sink.set_verdict(QWEN_VERDICT_LOGIN_NEEDED);
    }
};

}  // namespace

QWEN_PROVIDER(KeyProvider, "api_key_cpp", "1.0.0")
