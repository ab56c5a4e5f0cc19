#include "host/origin_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/config/value.hpp"
#include "host/network_settings.hpp"
#include "host/session.hpp"

namespace qwen::host {
namespace {

enum Answer : std::size_t { no, once, always };

/// "X-Api-Key: …", "Authorization: …": a header is named for what it holds.
bool header_sounds_secret(std::string_view header) {
    constexpr std::array<std::string_view, 7> kWords{"auth", "key", "token", "secret", "cookie", "password", "credential"};
    std::string name(header.substr(0, header.find(':')));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return std::any_of(kWords.begin(), kWords.end(), [&](auto word) { return name.find(word) != std::string::npos; });
}

bool carries_a_secret(const config::Setting& setting, const Secret& value) {
    if (setting.is_secret() || setting.type == config::ValueType::command) return true;
    if (setting.type != config::ValueType::text_list || (setting.allowed & config::from_project_dotenv) != 0) return false;
    const auto elements = config::parse_text_list(value.reveal());
    return std::any_of(elements.begin(), elements.end(), [](const auto& element) { return header_sounds_secret(element); });
}

/// With the last characters only: enough to recognise the key, too little to use it.
std::string described(const BoundSecret& secret) { return fmt::format("{} from {}", secret.value.masked(), secret.from.to_string()); }

bool is_own_origin(const config::Candidate& candidate) {
    return candidate.from.source == config::Source::builtin || candidate.from.source == config::Source::preset;
}

}  // namespace

Result<std::vector<BoundSecret>> bound_secrets(const config::Resolution& resolution, const plugin::Manifest& manifest, auth::SecretStore& store,
                                               const std::string& provider) {
    std::vector<BoundSecret> secrets;
    bool has_credential = false;
    for (const auto& setting : manifest.settings) {
        const auto* resolved = resolution.find(setting.key);
        if (resolved == nullptr || resolved->winner() == nullptr || !carries_a_secret(resolved->setting, resolved->winner()->value)) continue;
        const auto& winner = *resolved->winner();
        if (winner.value.empty() || winner.from.source == config::Source::builtin) continue;
        has_credential = has_credential || resolved->setting.role == config::SettingRole::api_key || setting.type == config::ValueType::command;
        secrets.push_back({winner.from, winner.value.duplicate()});
    }
    if (has_credential) return secrets;
    QWEN_TRY(auto stored, store.get(kStoredKey));
    if (stored) secrets.push_back(stored_secret_of(provider, std::move(stored->value)));
    return secrets;
}

BoundSecret stored_secret_of(const std::string& provider, Secret value) {
    return {{config::Source::account, config::TrustClass::user, provider, {}, {}}, std::move(value)};
}

auth::BindingFacts binding_facts(const config::Resolution& resolution, const plugin::Manifest& manifest, const Url& base_url) {
    auth::BindingFacts facts;
    facts.url_origin = base_url.origin();
    facts.granted_origins = list_of(resolution, "trust_origins");
    const auto* setting = manifest.setting_with_role(config::SettingRole::base_url);
    const auto* url = setting == nullptr ? nullptr : resolution.find(setting->key);
    if (url == nullptr || manifest.presets.empty()) facts.provider_origins = manifest.origins;
    if (url == nullptr) return facts;
    for (const auto& candidate : url->candidates)
        if (is_own_origin(candidate) && !candidate.value.empty()) facts.provider_origins.emplace_back(candidate.value.reveal());
    if (url->winner() == nullptr) return facts;
    facts.url = url->winner()->from;
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    const auto* keys = key == nullptr ? nullptr : resolution.find(key->key);
    facts.url_file_has_key = keys != nullptr && facts.url.file != config::FileIdentity{} &&
                             std::any_of(keys->candidates.begin(), keys->candidates.end(), [&](const auto& own) { return own.from.file == facts.url.file; });
    return facts;
}

auth::BindingFacts OriginGate::facts_of(const BoundSecret& secret) const {
    auto facts = facts_;
    facts.key = secret.from;
    facts.is_strict = rules_.is_strict;
    facts.granted_origins.insert(facts.granted_origins.end(), granted_once_.begin(), granted_once_.end());
    return facts;
}

Result<void> OriginGate::check(const Origin& origin, const BoundSecret& secret) {
    const auto judged = auth::judge_origin(origin, facts_of(secret));
    if (judged) {
        if (*judged != auth::BindingRule::known_host || announced_) return {};
        announced_ = true;
        if (notice_) notice_(fmt::format("the key {} goes to {}, which {} names", described(secret), origin.to_string(), facts_.url.to_string()));
        return {};
    }
    if (judged.error().code != ErrorCode::origin_refused) return judged.error();
    if (rules_.is_named_by_policy && rules_.is_named_by_policy(origin)) return {};
    QWEN_TRY(const bool granted, grants_.contains(origin, secret.value));
    if (granted) return {};
    return judged.error();
}

Result<void> OriginGate::check(const Origin& origin) {
    if (secrets_.empty()) {
        QWEN_TRY(secrets_, reload_());
    }
    if (secrets_.empty()) return auth::check_origin(origin, facts_);
    for (const auto& secret : secrets_) QWEN_CHECK(check(origin, secret));
    return {};
}

Result<void> OriginGate::settle(const Origin& origin, auth::Interaction& interaction, const Context& context) {
    for (const auto& secret : secrets_) {
        const auto checked = check(origin, secret);
        if (checked) continue;
        if (checked.error().code != ErrorCode::origin_refused) return checked.error();
        const auto question = fmt::format("{} names the server {}, but the key {} is not the project's. Send this key to {}?", facts_.url.to_string(),
                                          origin.to_string(), described(secret), origin.to_string());
        QWEN_TRY(const auto answer, interaction.choose(question, {"no, send nothing", "yes, this once", "yes, always: this key to this server"}, no, context));
        if (!answer || *answer == no) return checked.error();
        if (*answer == once) granted_once_.push_back(origin.to_string());
        if (*answer == always) QWEN_CHECK(grants_.add(origin, secret.value, context));
    }
    return {};
}

}  // namespace qwen::host
