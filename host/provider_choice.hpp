// Which provider answers, when several could: the one rule, in one place.
//
// A provider that was named (also by a flag of its own) > a key or URL given for this run > the default account > a Qwen sign-in > nobody (not_authenticated).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config/resolver.hpp"
#include "core/system/environment.hpp"

namespace qwen::host {

/// The two bundled plugins: what a key without a name means, and what "qwen" stands for.
inline constexpr std::string_view kGenericPlugin = "openai_compat";
inline constexpr std::string_view kSignInPlugin = "qwen_oauth";

/// A name that `--provider` understands: a plugin's id, or a preset of one.
struct KnownProvider {
    std::string name;    ///< "openrouter"
    std::string plugin;  ///< "openai_compat"; equal to `name` when it is no preset
    /// From the user's plugin directory: it answers when it is named, never because a variable is set (decision 0028).
    bool is_users = false;

    [[nodiscard]] bool is_preset() const { return name != plugin; }
};

/// What was left by earlier sign-ins.
struct StoredLogins {
    /// Provider name of the default account; empty: there is none.
    std::string default_account;
    /// A Qwen OAuth cache file is there.
    bool has_qwen_sign_in = false;
};

struct ProviderChoice {
    KnownProvider provider;
    /// "flag --provider", "environment OPENAI_API_KEY", "the Qwen sign-in": for --verbose and explain.
    std::string because;
};

/// Errors: plugin_missing (the named provider is unknown; the hint holds the nearest name), not_authenticated.
[[nodiscard]] Result<ProviderChoice> choose_provider(const config::Resolution& resolution, std::span<const KnownProvider> known, const StoredLogins& logins);

/// A variable that a preset reads its key from.
struct PresetVariable {
    std::string variable;  ///< "OPENROUTER_API_KEY"
    KnownProvider preset;
};

/// For a run in which nothing else says who answers: the one preset whose variable is set. Two of them, or one that two presets read, are never chosen between.
/// Errors: not_authenticated (none is set), config_invalid (naming both).
[[nodiscard]] Result<ProviderChoice> choose_by_preset_variable(std::span<const PresetVariable> variables, const system::Environment& environment);

/// The error for a run in which nobody is signed in. `looked_in` is one line; `can_ask` changes the advice, not the code.
[[nodiscard]] Error not_signed_in(std::string_view looked_in, bool can_ask);

}  // namespace qwen::host
