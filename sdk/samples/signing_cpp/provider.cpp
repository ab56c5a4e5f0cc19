// A provider that signs each request instead of sending its key. Digests are the host's: nothing is linked.
#include <algorithm>
#include <qwen/plugin.hpp>
#include <string>

#include "signature_v4.hpp"

namespace signing_cpp {
namespace {

using qwen::plugin::Call;
using qwen::plugin::Failure;
using qwen::plugin::Sink;
using qwen::plugin::view;

/// The setting (flag, variable, .env, config.toml) goes before the key that `qwen auth login` stored. Empty: there is none.
std::string_view secret_access_key(const Call& call) {
    if (const auto configured = call.setting("secret_access_key"); configured && !configured->empty()) return *configured;
    const auto stored = call.stored("api_key");
    return stored ? stored->value : std::string_view();
}

struct Address {
    std::string_view origin;  ///< "https://api.example.com"
    std::string_view host;
    std::string_view path;
    std::string_view query;
};

Address split(std::string_view url) {
    const std::size_t host = url.find("://") + 3;
    const std::size_t path = std::min(url.find_first_of("/?", host), url.size());
    const std::size_t query = std::min(url.find('?', path), url.size());
    return {url.substr(0, path), url.substr(host, path - host), path == query ? std::string_view("/") : url.substr(path, query - path),
            url.substr(std::min(url.size(), query + 1))};
}

/// What a proxy may add or change is left out.
bool is_signed(std::string_view name) { return name == "content-type" || name.substr(0, 6) == "x-amz-"; }

std::vector<std::pair<std::string, std::string>> headers_to_sign(const qwen_final_request& request, const Address& address) {
    std::vector<std::pair<std::string, std::string>> headers{{"host", std::string(address.host)}};
    for (std::uint32_t i = 0; i < request.header_count; ++i) {
        const auto& [name, value] = request.headers[i];
        if (is_signed(view(name))) headers.emplace_back(view(name), view(value));
    }
    return headers;
}

class SigningProvider final : public qwen::plugin::Provider, public qwen::plugin::Sign {
public:
    void state(Call& call, Sink& sink) override { sink.set_state(secret_access_key(call).empty() ? QWEN_STATE_LOGIN_NEEDED : QWEN_STATE_READY); }

    void authorize(Call& call, const qwen_request&, Sink&) override {
        if (secret_access_key(call).empty()) throw Failure(QWEN_NEED_LOGIN);
        static_cast<void>(call.required_setting("access_key_id"));
    }

    /// Called last, again for every attempt: what is signed is what is sent.
    void sign(Call& call, const qwen_final_request& request, Sink& sink) override {
        const Address address = split(view(request.url));
        const std::string time = basic_time(call.now_utc_ms() + call.server_skew_ms(address.origin));
        SignedRequest to_sign{view(request.method), address.path, address.query, headers_to_sign(request, address), {}};
        to_sign.headers.emplace_back("x-amz-date", time);
        sink.set_header("x-amz-date", qwen::plugin::borrow(time));
        if (const auto token = call.setting("session_token"); token && !token->empty()) {
            to_sign.headers.emplace_back("x-amz-security-token", *token);
            sink.set_header("x-amz-security-token", qwen::plugin::sensitive(*token));
        }
        std::copy(std::begin(request.body_sha256), std::end(request.body_sha256), to_sign.body_sha256.begin());
        const Digests digests{[&](std::string_view bytes) { return call.sha256(bytes); },
                              [&](std::string_view key, std::string_view bytes) { return call.hmac_sha256(key, bytes); }};
        const AccessKey key{call.required_setting("access_key_id"), secret_access_key(call)};
        const Scope scope{call.required_setting("region"), call.required_setting("service"), time};
        sink.set_header("authorization", qwen::plugin::sensitive(authorization_header(digests, key, scope, std::move(to_sign))));
    }

    void on_response(Call&, const qwen_response& response, Sink& sink) override {
        if (response.status == 401 || response.status == 403) sink.set_verdict(QWEN_VERDICT_LOGIN_NEEDED);
    }
};

}  // namespace
}  // namespace signing_cpp

QWEN_PROVIDER(signing_cpp::SigningProvider, "signing_cpp", "1.0.0")
