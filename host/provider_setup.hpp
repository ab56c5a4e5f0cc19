// From what was configured to a provider that can be asked: the plugins, the configuration of the run, the choice, the session.
//
// Every command that talks to a provider goes through here, so that each of them chooses by the same rule.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/configuration.hpp"
#include "core/config/policy.hpp"
#include "core/system/random.hpp"
#include "host/cli/options.hpp"
#include "host/commands/command_report.hpp"
#include "host/credential_stores.hpp"
#include "host/stored_accounts.hpp"
#include "host/plugin/plugin_host.hpp"
#include "host/session.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

/// What is the same for every command of a run.
struct Surroundings {
    const system::Environment& environment;
    TerminalFacts terminal;
    system::SystemClock clock;
    system::SystemRandom random;
    std::filesystem::path prefix;
    std::filesystem::path user_directory;  ///< before flags are known, for the plugins in it
    config::Policy policy;
};

/// A command line that was understood, and what a command needs to carry it out. Borrows everything.
struct CommandRun {
    const Surroundings& around;
    const Options& options;
    const std::vector<plugin::DescribedPlugin>& plugins;
    const plugin::PluginHost& host;
    const Speech& speech;
    const Context& context;
    /// Whether `plugins` has every plugin there is, or the bundled ones and those the command line names.
    bool knows_every_plugin = true;
};

/// Which account of a provider is meant.
enum class AccountUse : std::uint8_t {
    as_configured,   ///< --account, QWEN_ACCOUNT, the command's own choice; else the current one
    new_one,         ///< the name is for an account that is about to be made
    stored_default,  ///< whatever was chosen for this call: the current one
};

/// What a command wants beside what is configured.
struct ProviderWish {
    /// As if given by --provider; empty: the rule of provider_choice decides.
    std::string provider{};
    /// A key that goes before every other; its place is named by `key_from`. Null: none.
    const Secret* key = nullptr;
    std::string key_from{};
    /// A server that goes before every other, as if given by its flag; empty: none.
    std::string base_url{};
    /// A stored account of that provider, before --account; empty: none.
    std::string account{};
    AccountUse account_use = AccountUse::as_configured;
};

/// The configuration of a run and the provider it leads to.
struct Chosen {
    config::Configuration configuration;
    std::optional<plugin::FoundProvider> provider;
    /// Why there is none.
    std::optional<Error> no_provider;
    std::string because;
    std::string account = std::string(kDefaultAccount);
    /// The credential is what is stored, and not one of a flag, a variable or a file.
    bool uses_stored_credential = false;
};

[[nodiscard]] plugin::PluginHost plugin_host(const Surroundings& around, bool bundled_only);

/// The settings of the core and of these plugins; `chosen` (may be null) has those of its preset. The sections of the other plugins that are installed are left
/// alone, and so are those of a user's plugin that claims a flag of another. Errors: plugin_refused, for a bundled plugin and the chosen one.
[[nodiscard]] Result<config::SettingTable> setting_table(const plugin::PluginHost& host, const std::vector<plugin::DescribedPlugin>& plugins,
                                                         const plugin::FoundProvider* chosen);

/// Nobody signed in is no error here but Chosen::no_provider. Errors: config_invalid, dotenv_refused, denied_by_policy, plugin_missing, plugin_refused.
[[nodiscard]] Result<Chosen> choose(const CommandRun& run, const ProviderWish& wish);

/// Where the credential comes from that answers, or else why this provider: what a person would have to change.
[[nodiscard]] std::string who_decided(const Chosen& chosen);

/// Notices of the configuration, on standard error.
void say_notices(const config::Configuration& configuration);

/// Takes the provider out of `chosen`, which outlives the session. Errors: Chosen::no_provider, denied_by_policy, those of Session::open.
[[nodiscard]] Result<std::unique_ptr<Session>> open_session(const CommandRun& run, Chosen& chosen, auth::Interaction& interaction);

/// Whether credentials are neither read nor written: --no-store, or `storage = "none"`.
[[nodiscard]] bool stores_nothing(const Options& options, const config::Resolution& resolution);

/// What the stores of this run are made of.
[[nodiscard]] StorePlace store_place(const CommandRun& run, const config::Configuration& configuration);

/// The names of all providers with something stored: keys first, the newest first. Empty when nothing can be read.
[[nodiscard]] std::vector<std::string> stored_providers(const CommandRun& run, const config::Configuration& configuration);

/// The file that holds the Qwen sign-in, whether or not it is there; empty when there is no home.
[[nodiscard]] std::filesystem::path oauth_cache_path(const config::Configuration& configuration);

}  // namespace qwen::host
