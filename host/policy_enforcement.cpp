#include "host/policy_enforcement.hpp"

#include <algorithm>

#include "host/plugin/bundled_hashes.hpp"
#include "host/provider_choice.hpp"
#include "host/session.hpp"

namespace qwen::host {
namespace {

using plugin::PolicyRuling;

PolicyRuling denial(Error error) {
    auto rule = error.where ? error.where->to_string() : error.message;
    return {PolicyRuling::Effect::deny, std::move(rule), std::nullopt, std::move(error)};
}

PolicyRuling allowed_in(plugin::Isolation isolation, const config::PolicyRule& rule) {
    return {PolicyRuling::Effect::allow, rule.where.to_string(), isolation, std::nullopt};
}

/// In process only what the team pinned by its hash; a minimum of "process" holds for everything.
PolicyRuling isolation_of(const config::Policy& policy, std::string_view id) {
    if (const auto* rule = policy.limit("plugins.isolation_min", "process")) return allowed_in(plugin::Isolation::own_process, *rule);
    const auto* rule = policy.limit("plugins.isolation_min", "in-process");
    const bool is_pinned = std::any_of(policy.pins.begin(), policy.pins.end(), [&](const auto& pin) { return pin.id == id && !pin.sha256.empty(); });
    return rule != nullptr && is_pinned ? allowed_in(plugin::Isolation::in_process, *rule) : PolicyRuling{};
}

/// The policy's word for the way of signing in: a manifest says "command" for what config.toml calls api_key_command.
std::string method_of(const plugin::Manifest& manifest, const config::Resolution& resolution, std::string_view wanted) {
    for (const auto& method : manifest.methods)
        if (method.id == wanted) return method.kind == "command" ? "api_key_command" : method.kind;
    if (credential_kind(manifest) == CredentialKind::sign_in) return "device_code";
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    if (key != nullptr && resolution.winner(key->key) != nullptr) return "api_key";
    const bool has_command = std::any_of(manifest.settings.begin(), manifest.settings.end(), [&](const auto& setting) {
        return setting.type == config::ValueType::command && resolution.winner(setting.key) != nullptr;
    });
    return has_command ? "api_key_command" : "api_key";
}

const plugin::DeniedPlugin* find(const std::vector<plugin::DeniedPlugin>& denied, std::string_view id) {
    const auto row = std::find_if(denied.begin(), denied.end(), [&](const auto& own) { return own.file.id == id; });
    return row == denied.end() ? nullptr : &*row;
}

}  // namespace

plugin::PluginPolicy plugin_policy(const config::Policy& policy, const plugin::PluginDirectories& directories) {
    if (policy.empty()) return {};
    std::vector<std::string> ids;
    for (const auto& file : plugin::list_plugin_files(directories)) ids.push_back(file.id);
    const auto by_name = [&policy, ids = std::move(ids)](const plugin::PluginFile& file) {
        auto checked = policy.check_plugin_file(file.id, file.path, file.place == plugin::PluginPlace::user, ids);
        return checked ? PolicyRuling{} : denial(std::move(checked).error());
    };
    const auto by_content = [&policy](const plugin::PluginFile& file, const plugin::PluginContent& content) {
        const auto signer = [&content](const std::vector<std::string>& keys) { return content.signer(keys); };
        auto checked = policy.check_plugin_content({file.id, content.sha256, plugin::is_bundled_hash(content.sha256), signer});
        if (!checked) return denial(std::move(checked).error());
        auto ruling = isolation_of(policy, file.id);
        ruling.signer = std::move(*checked);
        return ruling;
    };
    return {by_name, by_content};
}

Result<void> check_use(const config::Policy& policy, const plugin::FoundProvider& provider, const config::Resolution& resolution, const IntendedUse& use) {
    if (policy.empty()) return {};
    const auto& manifest = provider.plugin.manifest;
    QWEN_CHECK(policy.check_provider(provider.name(), manifest.id));
    QWEN_CHECK(policy.check_method(method_of(manifest, resolution, use.method)));
    if (const auto model = effective_model(resolution, manifest); !model.empty()) QWEN_CHECK(policy.check_model(model));
    return policy.check_settings(resolution, use.storage);
}

std::function<Result<void>(const Origin&)> origin_policy(const config::Policy& policy, const plugin::Manifest& manifest) {
    std::vector<std::pair<Origin, Error>> denied;
    for (const auto& preset : manifest.presets) {
        auto checked = policy.check_provider(preset.id, manifest.id);
        if (checked) continue;
        const auto url = Url::parse(preset.base_url);
        // The servers of self-hosted presets are this machine, which they do not own.
        if (url && !url->origin().is_loopback()) denied.emplace_back(url->origin(), std::move(checked).error());
    }
    return [&policy, denied = std::move(denied)](const Origin& origin) -> Result<void> {
        for (const auto& [server, error] : denied)
            if (server == origin) return error;
        return policy.check_origin(origin);
    };
}

OriginRules origin_rules(const config::Policy& policy) {
    return {policy.limit("network.endpoint_binding", "strict") != nullptr, [&policy](const Origin& origin) { return policy.names_origin(origin); }};
}

std::optional<Error> denial_behind(const config::Policy& policy, const std::vector<plugin::DeniedPlugin>& denied, const config::Resolution& resolution,
                                   bool has_qwen_sign_in) {
    if (policy.empty()) return std::nullopt;
    if (const auto* named = resolution.winner("provider"); named != nullptr && !named->value.empty()) {
        const std::string name(named->value.reveal() == "qwen" ? kSignInPlugin : named->value.reveal());
        if (auto checked = policy.check_provider(name, name); !checked) return std::move(checked).error();
        if (const auto* row = find(denied, name)) return row->why;
        // A preset's name is known to its plugin alone, and that was not asked.
        if (const auto* row = find(denied, kGenericPlugin)) return row->why;
        return std::nullopt;
    }
    if (const auto* row = find(denied, kSignInPlugin); row != nullptr && has_qwen_sign_in) return row->why;
    if (const auto* row = find(denied, kGenericPlugin)) return row->why;
    return std::nullopt;
}

Error explain_unknown_option(const plugin::PluginHost& host, const Error& usage) {
    if (!usage.message.starts_with("unknown option")) return usage;
    const auto denied = host.denied();
    const auto* generic = find(denied, kGenericPlugin);
    std::optional<Error> reason;
    if (!denied.empty()) reason = generic != nullptr ? generic->why : denied.front().why;
    if (!reason) reason = host.duplicate();
    if (!reason) {
        // An installation whose own plugin cannot be used: its options are unknown, and that is not the user's mistake.
        auto found = host.find(kGenericPlugin);
        if (!found) reason = std::move(found).error();
    }
    if (!reason) return usage;
    reason->message = usage.message + ", and what may understand it: " + reason->message;
    return std::move(*reason);
}

}  // namespace qwen::host
