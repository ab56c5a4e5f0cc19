// Puts the run to the policy: before a plugin file is opened, before a provider is used, and before each request.
//
// Everything a user can say has been resolved by then, so there is nothing left that could come round it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/policy.hpp"
#include "host/origin_gate.hpp"
#include "host/plugin/plugin_host.hpp"

namespace qwen::host {

/// The plugin door's questions. `policy` outlives the result.
[[nodiscard]] plugin::PluginPolicy plugin_policy(const config::Policy& policy, const plugin::PluginDirectories& directories);

/// How the chosen provider is about to be used.
struct IntendedUse {
    /// "file", "keyring" or "none".
    std::string storage;
    /// Id of the sign-in method that was asked for; empty: the one the provider uses by itself.
    std::string method;
};

/// Whether the chosen provider may be used as configured: its name, sign-in method, model and settings. Errors: denied_by_policy.
[[nodiscard]] Result<void> check_use(const config::Policy& policy, const plugin::FoundProvider& provider, const config::Resolution& resolution,
                                     const IntendedUse& use);

/// The question before each request. A denied preset takes its server with it, so that `--provider openai` with the denied one's URL is no way round.
[[nodiscard]] std::function<Result<void>(const Origin&)> origin_policy(const config::Policy& policy, const plugin::Manifest& manifest);

/// What the policy says about keys and the servers that others name. `policy` outlives the result.
[[nodiscard]] OriginRules origin_rules(const config::Policy& policy);

/// The rule behind the absence of a provider: the named one is denied, or the one that would have answered. nullopt: the policy is not the reason.
[[nodiscard]] std::optional<Error> denial_behind(const config::Policy& policy, const std::vector<plugin::DeniedPlugin>& denied,
                                                 const config::Resolution& resolution, bool has_qwen_sign_in);

/// An option that nobody knows may be one of a plugin whose manifest was not read, being denied or there twice: then that is the better news. Else `usage`
/// as it is.
[[nodiscard]] Error explain_unknown_option(const plugin::PluginHost& host, const Error& usage);

}  // namespace qwen::host
