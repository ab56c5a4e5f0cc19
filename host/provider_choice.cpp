#include "host/provider_choice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/cli/suggestion.hpp"

namespace qwen::host {
namespace {

const KnownProvider* find(std::span<const KnownProvider> known, std::string_view name) {
    // People write qwen-oauth as often as qwen_oauth.
    std::string spelled(name);
    std::replace(spelled.begin(), spelled.end(), '-', '_');
    if (spelled == "qwen") spelled = kSignInPlugin;
    const auto same = [&](const KnownProvider& candidate) {
        std::string own = candidate.name;
        std::replace(own.begin(), own.end(), '-', '_');
        return own == spelled;
    };
    const auto provider = std::find_if(known.begin(), known.end(), same);
    return provider == known.end() ? nullptr : &*provider;
}

Error unknown_provider(std::span<const KnownProvider> known, std::string_view name, const config::Provenance& from) {
    std::vector<std::string_view> names;
    for (const auto& provider : known) names.emplace_back(provider.name);
    const auto nearest = nearest_name(name, names);
    std::optional<FileLocation> where;
    if (!from.location.path.empty()) where = from.location;
    return {ErrorCode::plugin_missing, fmt::format("no provider is called \"{}\" (from {})", name, from.to_string()),
            nearest.empty() ? fmt::format("one of {}", fmt::join(names, ", ")) : fmt::format("--provider {}", nearest), std::move(where)};
}

/// A default of the program or of a preset says nothing about what the user wants.
bool was_given(const config::Candidate* winner) {
    return winner != nullptr && winner->from.source != config::Source::builtin && winner->from.source != config::Source::preset &&
           winner->from.source != config::Source::account;
}

/// A plugin of the user's own takes no part by declaring a variable that is set for somebody else.
bool takes_part(std::span<const KnownProvider> known, const config::ResolvedSetting& resolved) {
    if (resolved.winner()->from.source == config::Source::flag) return true;
    const auto* owner = find(known, resolved.setting.provider);
    return owner == nullptr || !owner->is_users;
}

/// The key with the strongest source; a URL alone counts too, because a server of one's own may need no key.
const config::ResolvedSetting* given_setting(const config::Resolution& resolution, std::span<const KnownProvider> known, config::SettingRole role) {
    const config::ResolvedSetting* best = nullptr;
    for (const auto& resolved : resolution.all()) {
        if (resolved.setting.role != role || resolved.setting.provider.empty() || !was_given(resolved.winner()) || !takes_part(known, resolved)) continue;
        if (best == nullptr || resolved.winner()->from.source < best->winner()->from.source) best = &resolved;
    }
    return best;
}

}  // namespace

Result<ProviderChoice> choose_provider(const config::Resolution& resolution, std::span<const KnownProvider> known, const StoredLogins& logins) {
    if (const auto* named = resolution.winner("provider"); named != nullptr && !named->value.empty()) {
        const auto* provider = find(known, named->value.reveal());
        if (provider == nullptr) return unknown_provider(known, named->value.reveal(), named->from);
        return ProviderChoice{*provider, named->from.to_string()};
    }
    for (const auto role : {config::SettingRole::api_key, config::SettingRole::base_url}) {
        const auto* given = given_setting(resolution, known, role);
        if (given == nullptr) continue;
        if (role == config::SettingRole::base_url && given->setting.provider != kGenericPlugin) continue;
        if (const auto* provider = find(known, given->setting.provider)) return ProviderChoice{*provider, given->winner()->from.to_string()};
    }
    if (!logins.default_account.empty())
        if (const auto* provider = find(known, logins.default_account)) return ProviderChoice{*provider, "the default account"};
    if (logins.has_qwen_sign_in)
        if (const auto* provider = find(known, kSignInPlugin)) return ProviderChoice{*provider, "the Qwen sign-in"};
    return not_signed_in({}, false);
}

Result<ProviderChoice> choose_by_preset_variable(std::span<const PresetVariable> variables, const system::Environment& environment) {
    const PresetVariable* chosen = nullptr;
    for (const auto& row : variables) {
        if (!environment.has(row.variable)) continue;
        if (chosen == nullptr) chosen = &row;
        if (chosen->preset.name == row.preset.name) continue;
        const auto both = chosen->variable == row.variable ? fmt::format("{} is set, which is for {} and for {}", row.variable, chosen->preset.name, row.preset.name)
                                                           : fmt::format("{} is set, for {}, and {}, for {}", chosen->variable, chosen->preset.name, row.variable, row.preset.name);
        return Error{ErrorCode::config_invalid, both, fmt::format("--provider {}, or --provider {}", chosen->preset.name, row.preset.name), std::nullopt};
    }
    if (chosen == nullptr) return not_signed_in({}, false);
    return ProviderChoice{chosen->preset, "environment " + chosen->variable};
}

Error not_signed_in(std::string_view looked_in, bool can_ask) {
    std::string hint = can_ask ? "qwen auth login, to sign in in a browser or store a key;\nor set OPENAI_API_KEY (and, if not OpenAI, OPENAI_BASE_URL and OPENAI_MODEL)"
                               : "set OPENAI_API_KEY (and, if not OpenAI, OPENAI_BASE_URL and OPENAI_MODEL),\n"
                                 "or pipe a key:  printenv KEY | qwen auth login openai --with-api-key,\n"
                                 "or sign in from any browser:  qwen auth login --no-browser";
    if (!looked_in.empty()) hint += fmt::format("\nLooked in: {}", looked_in);
    return {ErrorCode::not_authenticated, can_ask ? "not signed in" : "not signed in, and this is not a terminal, so no browser login", std::move(hint),
            std::nullopt};
}

}  // namespace qwen::host
