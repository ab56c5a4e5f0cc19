#include "host/provider_setup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/auth/credential_file.hpp"
#include "core/auth/oauth_cache.hpp"
#include "host/command_runner.hpp"
#include "host/policy_enforcement.hpp"
#include "host/provider_choice.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"

namespace qwen::host {
namespace {

std::vector<KnownProvider> known_providers(const std::vector<plugin::DescribedPlugin>& plugins) {
    std::vector<KnownProvider> known;
    for (const auto& row : plugins) {
        const bool is_users = row.file.place == plugin::PluginPlace::user;
        known.push_back({row.manifest.id, row.manifest.id, is_users});
        for (const auto& preset : row.manifest.presets) known.push_back({preset.id, row.manifest.id, is_users});
    }
    return known;
}

/// Of the bundled plugins: a user's own counts when it is named.
std::vector<PresetVariable> preset_variables(const std::vector<plugin::DescribedPlugin>& plugins) {
    std::vector<PresetVariable> variables;
    for (const auto& row : plugins) {
        if (row.file.place == plugin::PluginPlace::user) continue;
        const auto* key = row.manifest.setting_with_role(config::SettingRole::api_key);
        for (const auto& preset : row.manifest.presets)
            for (const auto& [setting, names] : preset.variables)
                if (key != nullptr && row.manifest.setting(setting) == key)
                    for (const auto& name : names) variables.push_back({name, {preset.id, row.manifest.id}});
    }
    return variables;
}

Result<config::SettingTable> with_settings_of(config::SettingTable table, const plugin::Manifest& manifest, const plugin::Preset* preset) {
    for (auto& setting : plugin::settings_for(manifest, preset)) QWEN_CHECK(table.add(std::move(setting)));
    return table;
}

std::string with_underscores(std::string_view name) {
    std::string spelled(name);
    std::replace(spelled.begin(), spelled.end(), '-', '_');
    return spelled;
}

/// Whether a name stands for one of these plugins or their presets.
bool is_known(const std::vector<plugin::DescribedPlugin>& plugins, std::string_view name) {
    const auto known = known_providers(plugins);
    return name == "qwen" || std::any_of(known.begin(), known.end(), [&](const KnownProvider& row) { return with_underscores(row.name) == with_underscores(name); });
}

/// More than the plugins of the run, when the configuration names one that is not among them (decision 0028); nullopt: it does not.
std::optional<std::vector<plugin::DescribedPlugin>> more_plugins(const CommandRun& run, std::string_view name) {
    if (run.knows_every_plugin || name.empty() || is_known(run.plugins, name)) return std::nullopt;
    const std::string ids[] = {with_underscores(name)};
    auto plugins = run.host.describe(ids);
    // A preset's name does not tell whose it is.
    return is_known(plugins, name) ? std::move(plugins) : run.host.describe();
}

std::string looked_in(const config::Configuration& configuration, const std::vector<std::string>& stored) {
    const std::string dotenv = configuration.dotenv_used ? configuration.dotenv_used->string() + " (no key)"
                                                         : std::string(".env from here up to / and in the home (none)");
    return fmt::format("environment (none), {}, stored sign-ins ({})", dotenv, stored.empty() ? "none" : fmt::format("{}", fmt::join(stored, ", ")));
}

bool has_qwen_sign_in(const config::Configuration& configuration) {
    std::error_code ignored;
    const auto path = oauth_cache_path(configuration);
    return !path.empty() && std::filesystem::exists(path, ignored);
}

/// Why the named provider's own plugin file cannot be used; nullopt when there is no such file.
std::optional<Error> unusable_plugin(const plugin::PluginHost& host, const config::Resolution& resolution) {
    const auto name = resolution.text("provider");
    if (!name) return std::nullopt;
    auto found = host.find(*name);
    if (found || found.error().code == ErrorCode::plugin_missing) return std::nullopt;
    return std::move(found).error();
}

std::vector<std::string> providers_of(const std::vector<Account>& accounts) {
    std::vector<std::string> names;
    for (const auto& account : accounts)
        if (std::find(names.begin(), names.end(), account.provider) == names.end()) names.push_back(account.provider);
    return names;
}

/// As the provenance of a key shows it.
std::string account_source(const std::string& account) { return "account " + account; }

/// The flags of the command line and what the command adds to them.
config::Layer flags_with(const Options& options, const ProviderWish& wish, const plugin::Manifest* manifest) {
    config::Layer flags;
    flags.source = config::Source::flag;
    const auto put_first = [&](std::string key, Secret value, std::string name) {
        flags.entries.push_back({std::move(key), std::move(value), {config::Source::flag, config::TrustClass::explicit_choice, std::move(name), {}, {}}});
    };
    const auto* key = manifest == nullptr || wish.key == nullptr ? nullptr : manifest->setting_with_role(config::SettingRole::api_key);
    const auto* url = manifest == nullptr || wish.base_url.empty() ? nullptr : manifest->setting_with_role(config::SettingRole::base_url);
    for (const auto& entry : options.flags.entries) {
        const bool replaced = (!wish.provider.empty() && entry.key == "provider") || (key != nullptr && entry.key == key->key) || (url != nullptr && entry.key == url->key);
        if (!replaced) flags.entries.push_back({entry.key, entry.value.duplicate(), entry.from});
    }
    if (!wish.provider.empty()) put_first("provider", Secret(wish.provider), "--provider");
    if (key != nullptr) put_first(key->key, wish.key->duplicate(), wish.key_from);
    if (url != nullptr) put_first(url->key, Secret(wish.base_url), wish.key_from);
    return flags;
}

/// An account that was asked for, and by whom.
struct NamedAccount {
    Account account;
    std::string because;
};

Result<std::optional<NamedAccount>> named_account(const config::Resolution& resolution, const ProviderWish& wish, const std::vector<Account>& accounts) {
    const auto* configured = resolution.winner("account");
    std::string wanted = wish.account;
    if (wanted.empty() && configured != nullptr) wanted = configured->value.reveal();
    if (wanted.empty() || wish.account_use == AccountUse::stored_default) return std::optional<NamedAccount>();
    const std::string because = wish.account.empty() ? configured->from.to_string() : "the account " + wanted;
    const auto* provider = resolution.winner("provider");
    const std::string own_provider(provider != nullptr && provider->from.source == config::Source::flag ? provider->value.reveal() : std::string_view{});
    if (wish.account_use == AccountUse::new_one) {
        QWEN_CHECK(check_account_name(wanted));
        return std::optional(NamedAccount{{own_provider, std::move(wanted)}, because});
    }
    QWEN_TRY(auto found, find_account(accounts, wanted, own_provider));
    return std::optional(NamedAccount{std::move(found), because});
}

/// The account of a provider that was chosen by the rule: the current one, else its default one, else its newest.
std::string account_of(const std::vector<Account>& accounts, const std::string& provider) {
    const Account own{provider};
    const auto is_own = [&](const Account& account) { return account.provider == provider; };
    const auto first = std::find_if(accounts.begin(), accounts.end(), is_own);
    if (first == accounts.end()) return own.name;
    return first == accounts.begin() || std::find(accounts.begin(), accounts.end(), own) == accounts.end() ? first->name : own.name;
}

StorePlace place_of(const CommandRun& run, const config::Configuration& configuration, const std::string& account) {
    auto place = store_place(run, configuration);
    place.account = account;
    return place;
}

/// The server a stored key was given for, and the model. A key given for this run has a server of its own.
config::Layer account_layer(const CommandRun& run, const config::Configuration& configuration, const plugin::FoundProvider& found, const std::string& account) {
    config::Layer layer;
    layer.source = config::Source::account;
    const auto& manifest = found.plugin.manifest;
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    const auto* winner = key == nullptr ? nullptr : configuration.resolution.winner(key->key);
    if (key == nullptr || (winner != nullptr && winner->from.name != account_source(account))) return layer;
    if (stores_nothing(run.options, configuration.resolution) || configuration.user_directory.empty()) return layer;
    const auto store = make_key_store(place_of(run, configuration, account), found.name());
    const auto put = [&](const config::Setting* setting, std::string_view stored_key) {
        if (setting == nullptr) return;
        auto stored = store->get(stored_key);
        if (!stored || !stored->has_value()) return;
        layer.entries.push_back({setting->key, std::move((*stored)->value), {config::Source::account, config::TrustClass::user, found.name(), {}, {}}});
    };
    put(manifest.setting_with_role(config::SettingRole::base_url), kStoredBaseUrl);
    put(manifest.setting_with_role(config::SettingRole::model), kStoredModel);
    return layer;
}

/// What an account that was asked for brings along.
struct AccountCredential {
    std::optional<Secret> key;
    std::string base_url;
};

/// Goes before every variable, because somebody asked for this account and no other: its key, and the server that belongs to it.
Result<AccountCredential> credential_of(const CommandRun& run, const config::Configuration& configuration, const plugin::FoundProvider& found, const std::string& account) {
    AccountCredential credential;
    const auto& manifest = found.plugin.manifest;
    const auto* url = manifest.setting_with_role(config::SettingRole::base_url);
    if (manifest.setting_with_role(config::SettingRole::api_key) == nullptr) return credential;
    const auto store = make_key_store(place_of(run, configuration, account), found.name());
    QWEN_TRY(auto key, store->get(kStoredKey));
    QWEN_TRY(const auto stored_url, store->get(kStoredBaseUrl));
    if (key) credential.key = std::move(key->value);
    if (stored_url) credential.base_url = stored_url->value.reveal();
    else if (found.preset() != nullptr) credential.base_url = found.preset()->base_url;
    else if (url != nullptr) credential.base_url = url->default_value;
    return credential;
}

/// No key of a flag, a variable or a file goes before what is stored.
bool is_stored(const config::Resolution& resolution, const plugin::Manifest& manifest) {
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    return key == nullptr || resolution.winner(key->key) == nullptr;
}

bool is_given_by_flag(const Options& options, const config::Setting* setting) {
    const auto& entries = options.flags.entries;
    return setting != nullptr && std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.key == setting->key; });
}

/// Whether the account's values are read as a layer of the configuration.
bool has_account_layer(const std::vector<Account>& accounts, const std::string& provider) {
    return std::any_of(accounts.begin(), accounts.end(), [&](const Account& account) { return account.provider == provider && account != Account{std::string(kSharedSignIn)}; });
}

/// -p and CI are a script's ways: there the request is refused without a question.
bool may_ask_about_origins(const CommandRun& run) {
    const auto& options = run.options;
    const bool sends = options.command == Command::prompt || options.command == Command::models || (options.command == Command::auth_status && options.check);
    return sends && !options.prompt_is_flag && run.around.terminal.can_ask() && !run.around.environment.has("CI");
}

}  // namespace

plugin::PluginHost plugin_host(const Surroundings& around, bool bundled_only) {
    plugin::PluginDirectories directories{around.prefix / "lib/qwen/plugins", {}};
    if (!bundled_only && !around.user_directory.empty()) directories.user = around.user_directory / "plugins";
    auto policy = plugin_policy(around.policy, directories);
    std::vector<std::string_view> flags;
    for (const auto& option : option_table()) flags.push_back(option.flag);
    return {std::move(directories), std::move(policy), std::move(flags)};
}

Result<config::SettingTable> setting_table(const plugin::PluginHost& host, const std::vector<plugin::DescribedPlugin>& plugins,
                                           const plugin::FoundProvider* chosen) {
    auto table = config::SettingTable::core();
    std::vector<std::string_view> known;
    std::vector<const plugin::DescribedPlugin*> in_order;
    for (const auto place : {plugin::PluginPlace::bundled, plugin::PluginPlace::user})
        for (const auto& row : plugins)
            if (row.file.place == place) in_order.push_back(&row);
    for (const auto* const described : in_order) {
        const auto& row = *described;
        const auto& manifest = row.manifest;
        const bool is_chosen = chosen != nullptr && chosen->plugin.manifest.id == manifest.id;
        // A bundled one and the one in use have to fit; any other of the user's is as if it were not there.
        const bool must_fit = is_chosen || row.file.place == plugin::PluginPlace::bundled;
        if (auto extended = with_settings_of(table, manifest, is_chosen ? chosen->preset() : nullptr)) table = std::move(*extended);
        else if (must_fit) return std::move(extended).error();
        else continue;
        known.push_back(manifest.id);
    }
    for (const auto& id : host.ids())
        if (std::find(known.begin(), known.end(), id) == known.end()) table.leave_alone("providers." + id);
    return table;
}

bool stores_nothing(const Options& options, const config::Resolution& resolution) { return options.no_store || resolution.text("storage") == "none"; }

StorePlace store_place(const CommandRun& run, const config::Configuration& configuration) {
    const auto& environment = run.around.environment;
    return {configuration.user_directory, environment.effective_uid,
            storage_of(configuration.resolution, run.around.policy, stores_nothing(run.options, configuration.resolution)),
            keyring_settings(environment, configuration.user_directory, run.around.terminal.can_ask()), run.around.clock,
            [](std::string_view text) { write_to_stderr(notice_text(text)); }};
}

std::filesystem::path oauth_cache_path(const config::Configuration& configuration) {
    return configuration.user_directory.empty() ? std::filesystem::path{} : auth::OAuthCacheStore::place_in(configuration.user_directory, 0).file;
}

std::vector<std::string> stored_providers(const CommandRun& run, const config::Configuration& configuration) {
    return providers_of(stored_accounts(store_place(run, configuration)));
}

std::string who_decided(const Chosen& chosen) {
    if (chosen.uses_stored_credential || !chosen.provider) return chosen.because;
    const auto* key = chosen.provider->plugin.manifest.setting_with_role(config::SettingRole::api_key);
    const auto* winner = key == nullptr ? nullptr : chosen.configuration.resolution.winner(key->key);
    return winner == nullptr ? chosen.because : winner->from.to_string();
}

void say_notices(const config::Configuration& configuration) {
    for (const auto& notice : configuration.notices)
        write_to_stderr(notice_text(notice.where.path.empty() ? notice.text : fmt::format("{} ({})", notice.text, notice.where.to_string())));
}

Result<Chosen> choose(const CommandRun& run, const ProviderWish& given) {
    const auto& environment = run.around.environment;
    ProviderWish wish = given;
    QWEN_TRY(const auto table, setting_table(run.host, run.plugins, nullptr));
    QWEN_TRY(auto configuration, config::load_configuration(table, environment, flags_with(run.options, wish, nullptr), {}, {}));
    const auto accounts = stored_accounts(store_place(run, configuration));
    QWEN_TRY(const auto named, named_account(configuration.resolution, wish, accounts));
    if (named && wish.provider.empty() && !named->account.provider.empty()) {
        wish.provider = named->account.provider;
        QWEN_TRY(configuration, config::load_configuration(table, environment, flags_with(run.options, wish, nullptr), {}, {}));
    }
    const auto stored = providers_of(accounts);
    const auto more = more_plugins(run, configuration.resolution.text("provider").value_or(stored.empty() ? std::string{} : stored.front()));
    const auto& plugins = more ? *more : run.plugins;
    const bool reads_store = !stores_nothing(run.options, configuration.resolution);
    const bool has_shared_file = reads_store && has_qwen_sign_in(configuration);
    const bool names_account = !stored.empty() && (stored.front() != kSharedSignIn || !has_shared_file);
    auto choice = choose_provider(configuration.resolution, known_providers(plugins),
                                  {names_account ? stored.front() : std::string{}, has_shared_file});
    if (!choice && choice.error().code == ErrorCode::not_authenticated) choice = choose_by_preset_variable(preset_variables(plugins), environment);
    if (!choice) {
        auto error = std::move(choice).error();
        if (auto denial = denial_behind(run.around.policy, run.host.denied(), configuration.resolution, has_shared_file)) error = std::move(*denial);
        else if (auto duplicate = run.host.duplicate()) return std::move(*duplicate);
        if (error.code == ErrorCode::denied_by_policy) return Chosen{std::move(configuration), std::nullopt, std::move(error), {}};
        if (error.code == ErrorCode::plugin_missing) return unusable_plugin(run.host, configuration.resolution).value_or(std::move(error));
        if (error.code == ErrorCode::not_authenticated) error = not_signed_in(looked_in(configuration, stored), run.around.terminal.can_ask());
        return Chosen{std::move(configuration), std::nullopt, std::move(error), {}};
    }
    QWEN_TRY(auto found, run.host.find(choice->provider.name));
    QWEN_CHECK(run.host.check_names(found.plugin.file, found.plugin.manifest, plugins));
    const auto& own_settings = found.plugin.manifest.settings;
    const bool has_settings = own_settings.empty() || table.find_key(own_settings.front().key) != nullptr;
    const bool is_plain = found.preset() == nullptr && wish.key == nullptr && wish.base_url.empty();
    const auto account = named ? named->account.name : account_of(accounts, found.name());
    auto because = named && given.provider.empty() && !named->account.provider.empty() ? named->because : std::move(choice->because);
    if (has_settings && is_plain && !has_account_layer(accounts, found.name()))
        return Chosen{std::move(configuration), std::move(found), std::nullopt, std::move(because), account, is_stored(configuration.resolution, found.plugin.manifest)};

    AccountCredential credential;
    if (named && wish.account_use == AccountUse::as_configured && wish.key == nullptr) {
        const auto& manifest = found.plugin.manifest;
        QWEN_TRY(credential, credential_of(run, configuration, found, account));
        if (credential.key && !is_given_by_flag(run.options, manifest.setting_with_role(config::SettingRole::api_key))) wish.key = &*credential.key;
        if (wish.base_url.empty() && !is_given_by_flag(run.options, manifest.setting_with_role(config::SettingRole::base_url))) wish.base_url = credential.base_url;
        wish.key_from = account_source(account);
    }
    QWEN_TRY(const auto own_table, setting_table(run.host, plugins, &found));
    const auto flags = flags_with(run.options, wish, &found.plugin.manifest);
    const auto load = [&](config::Layer layer) {
        std::vector<config::Layer> lower;
        if (!layer.entries.empty()) lower.push_back(std::move(layer));
        if (found.preset() != nullptr) lower.push_back(plugin::preset_layer(found.plugin.manifest, found.preset()));
        return config::load_configuration(own_table, environment, flags, std::move(lower), {});
    };
    QWEN_TRY(configuration, load({}));
    if (auto layer = account_layer(run, configuration, found, account); !layer.entries.empty()) {
        QWEN_TRY(configuration, load(std::move(layer)));
    }
    const bool uses_stored = credential.key.has_value() || is_stored(configuration.resolution, found.plugin.manifest);
    return Chosen{std::move(configuration), std::move(found), std::nullopt, std::move(because), account, uses_stored};
}

Result<std::unique_ptr<Session>> open_session(const CommandRun& run, Chosen& chosen, auth::Interaction& interaction) {
    if (chosen.no_provider) return *chosen.no_provider;
    const auto& around = run.around;
    const auto to_stderr = [](std::string_view text) { write_to_stderr(notice_text(text)); };
    const auto place = place_of(run, chosen.configuration, chosen.account);
    QWEN_CHECK(check_use(around.policy, *chosen.provider, chosen.configuration.resolution, {std::string(to_string(place.storage)), run.options.method}));
    if (run.options.verbose) to_stderr(fmt::format("provider {} (because of {})", chosen.provider->name(), chosen.because));
    const auto& resolution = chosen.configuration.resolution;
    const auto runtime = around.environment.variable("XDG_RUNTIME_DIR").value_or("");
    const auto run_command = [&around](std::string_view command, const Context& context) {
        return run_credential_command(command, around.environment, around.clock, context);
    };
    const auto nobody_is_signed_in = [&run, &chosen] {
        return not_signed_in(looked_in(chosen.configuration, stored_providers(run, chosen.configuration)), run.around.terminal.can_ask());
    };
    auto allowed_origins = origin_policy(around.policy, chosen.provider->plugin.manifest);
    QWEN_TRY(auto session, Session::open({std::move(*chosen.provider), resolution, chosen.configuration.user_directory, around.prefix / "lib/qwen",
                          std::filesystem::path(std::string(runtime)), around.environment.effective_uid, chosen.account, place.storage, place.keyring, interaction,
                          around.clock, around.random, std::move(allowed_origins), origin_rules(around.policy), to_stderr,
                          run.options.debug ? std::function<void(std::string_view)>(to_stderr) : nullptr, run_command, nobody_is_signed_in}));
    if (may_ask_about_origins(run)) QWEN_CHECK(session->settle_origin(run.context));
    return session;
}

}  // namespace qwen::host
