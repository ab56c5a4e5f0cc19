#include "core/auth/origin_binding.hpp"

#include <algorithm>
#include <array>

namespace qwen::auth {
namespace {

/// Documented vendors, exact hosts. No wildcards: an attacker can own a tenant of a shared domain.
constexpr std::array<std::string_view, 5> kKnownOrigins{"https://api.openai.com", "https://dashscope.aliyuncs.com", "https://dashscope-intl.aliyuncs.com",
                                                        "https://api-inference.modelscope.cn", "https://openrouter.ai"};

bool contains(std::span<const std::string> origins, const Origin& origin) {
    return std::any_of(origins.begin(), origins.end(), [&](const std::string& text) {
        const auto parsed = Url::parse(text);
        return parsed && parsed->origin() == origin;
    });
}

bool is_known(const Origin& origin) { return std::find(kKnownOrigins.begin(), kKnownOrigins.end(), origin.to_string()) != kKnownOrigins.end(); }

bool is_same_file(const config::Provenance& a, const config::Provenance& b) {
    return a.file != config::FileIdentity{} && a.file == b.file;
}

/// Only a project's file can be somebody else's attempt to move the key; a key of the project may go where anybody says.
bool is_not_weaker(const config::Provenance& url, const config::Provenance& key) {
    return url.trust != config::TrustClass::project || key.trust == config::TrustClass::project;
}

Error refused(const Origin& origin, const BindingFacts& facts) {
    std::optional<FileLocation> where;
    if (!facts.url.location.path.empty()) where = facts.url.location;
    return {ErrorCode::origin_refused,
            "the key from " + facts.key->to_string() + " is not sent to " + origin.to_string() + ", which " + facts.url.to_string() + " names",
            (facts.url_file_has_key ? "use the key of that file: --auth-source file" : std::string("put the key into the same file")) +
                ",\nor name the server yourself: --openai-base-url URL,\nor trust it with this key: qwen trust origin " + origin.to_string() +
                "\n(in CI: QWEN_TRUST_ORIGINS=" + origin.to_string() + ')',
            std::move(where)};
}

Result<void> check_scheme(const Origin& origin) {
    if (origin.scheme == "https" || origin.is_loopback()) return {};
    return Error{ErrorCode::config_invalid, "plain http is for this machine only, not for " + origin.to_string(), "use an https URL", std::nullopt};
}

}  // namespace

Result<BindingRule> judge_origin(const Origin& origin, const BindingFacts& facts) {
    QWEN_CHECK(check_scheme(origin));
    if (!facts.key) return BindingRule::no_key;
    if (contains(facts.provider_origins, origin)) return BindingRule::provider_origin;
    if (contains(facts.granted_origins, origin)) return BindingRule::granted;
    // A provider may have rewritten the path, never the server the user named.
    if (origin != facts.url_origin) return refused(origin, facts);
    if (is_same_file(facts.url, *facts.key)) return BindingRule::same_file;
    if (is_not_weaker(facts.url, *facts.key)) return BindingRule::not_weaker;
    if (is_known(origin) && !facts.is_strict) return BindingRule::known_host;
    return refused(origin, facts);
}

Result<void> check_origin(const Origin& origin, const BindingFacts& facts) {
    const auto judged = judge_origin(origin, facts);
    if (!judged) return judged.error();
    return {};
}

Result<void> check_sign_in_origin(const Origin& origin, const SignInFacts& facts) {
    QWEN_CHECK(check_scheme(origin));
    if (contains(facts.granted_origins, origin) || contains(facts.provider_origins, origin)) return {};
    const std::string server = origin.to_string();
    return Error{ErrorCode::origin_refused, "the sign-in to " + facts.provider + " is not sent to " + server + ", which its resource_url names",
                 "if that is a server of yours, name it in config.toml: base_url below [providers." + facts.provider +
                     "],\nor trust it with every key: export QWEN_TRUST_ORIGINS=" + server + ",\nor sign in again: qwen auth login " + facts.provider,
                 std::nullopt};
}

}  // namespace qwen::auth
