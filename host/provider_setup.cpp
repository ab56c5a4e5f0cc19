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

Result<config::SettingTable> with_settings_of(config::SettingTable table, const plugin::Manifest& manifest, const plugin::Preset* preset) {
    for (auto& setting : plugin::settings_for(manifest, preset)) QWEN_CHECK(table.add(std::move(setting)));
    return table;
}

std::string id_spelling(std::string_view name) {
    std::string spelled(name);
    std::replace(spelled.begin(), spelled.end(), '-', '_');
    return spelled;
}

/// Whether a name stands for one of these plugins or their presets.
bool is_known(const std::vector<plugin::DescribedPlugin>& plugins, std::string_view name) {
    const auto known = known_providers(plugins);
    return name == "qwen" || std::any_of(known.begin(), known.end(), [&](const KnownProvider& row) { return id_spelling(row.name) == id_spelling(name); });
}

/// More than the plugins of the run, when the configuration names one that is not among them (decision 0028); nullopt: it does not.
std::optional<std::vector<plugin::DescribedPlugin>> more_plugins(const CommandRun& run, std::string_view name) {
    if (run.knows_every_plugin || name.empty() || is_known(run.plugins, name)) return std::nullopt;
    const std::string ids[] = {id_spelling(name)};
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

auth::PrivateFile credential_file(const CommandRun& run, const config::Configuration& configuration) {
    return {auth::CredentialFileStore::place_in(configuration.user_directory, run.around.environment.effective_uid), [](std::string_view text) { write_to_stderr(notice_text(text)); }};
}

/// Why the named provider's own plugin file cannot be used; nullopt when there is no such file.
std::optional<Error> unusable_plugin(const plugin::PluginHost& host, const config::Resolution& resolution) {
    const auto name = resolution.text("provider");
    if (!name) return std::nullopt;
    auto found = host.find(*name);
    if (found || found.error().code == ErrorCode::plugin_missing) return std::nullopt;
    return std::move(found).error();
}

std::vector<std::string> stored_keys(const CommandRun& run, const config::Configuration& configuration) {
    std::vector<std::string> names;
    if (stores_nothing(run.options, configuration.resolution) || configuration.user_directory.empty()) return names;
    // A file that cannot be used is reported when its key is needed, not when another key is at hand.
    if (const auto owners = auth::CredentialFileStore::owners(credential_file(run, configuration)))
        for (const auto& owner : *owners) names.push_back(owner.provider);
    return names;
}

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
    if (url != nullptr) put_first(url->key, Secret(wish.base_url), "the keyboard");
    return flags;
}

/// The server a stored key was given for, and the model. A key given for this run has a server of its own.
config::Layer account_layer(const CommandRun& run, const config::Configuration& configuration, const plugin::FoundProvider& found) {
    config::Layer layer;
    layer.source = config::Source::account;
    const auto& manifest = found.plugin.manifest;
    const auto* key = manifest.setting_with_role(config::SettingRole::api_key);
    const auto* url = manifest.setting_with_role(config::SettingRole::base_url);
    if (key == nullptr || url == nullptr || configuration.resolution.winner(key->key) != nullptr) return layer;
    if (stores_nothing(run.options, configuration.resolution) || configuration.user_directory.empty()) return layer;
    const auto store = make_key_store(store_place(run, configuration), found.name());
    const auto put = [&](const config::Setting* setting, std::string_view stored_key) {
        auto stored = store->get(stored_key);
        if (setting == nullptr || !stored || !stored->has_value()) return;
        layer.entries.push_back({setting->key, std::move((*stored)->value), {config::Source::account, config::TrustClass::user, found.name(), {}, {}}});
    };
    put(url, kStoredBaseUrl);
    put(manifest.setting_with_role(config::SettingRole::model), kStoredModel);
    return layer;
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
    auto names = stored_keys(run, configuration);
    const bool is_listed = std::find(names.begin(), names.end(), kSharedSignIn) != names.end();
    if (!is_listed && !stores_nothing(run.options, configuration.resolution) && has_qwen_sign_in(configuration)) names.emplace_back(kSharedSignIn);
    return names;
}

void say_notices(const config::Configuration& configuration) {
    for (const auto& notice : configuration.notices)
        write_to_stderr(notice_text(notice.where.path.empty() ? notice.text : fmt::format("{} ({})", notice.text, notice.where.to_string())));
}

Result<Chosen> choose(const CommandRun& run, const ProviderWish& wish) {
    const auto& environment = run.around.environment;
    QWEN_TRY(const auto table, setting_table(run.host, run.plugins, nullptr));
    QWEN_TRY(auto configuration, config::load_configuration(table, environment, flags_with(run.options, wish, nullptr), {}, {}));
    const auto stored = stored_keys(run, configuration);
    const auto more = more_plugins(run, configuration.resolution.text("provider").value_or(stored.empty() ? std::string{} : stored.front()));
    const auto& plugins = more ? *more : run.plugins;
    const bool reads_store = !stores_nothing(run.options, configuration.resolution);
    auto choice = choose_provider(configuration.resolution, known_providers(plugins),
                                  {stored.empty() ? std::string{} : stored.front(), reads_store && has_qwen_sign_in(configuration)});
    if (!choice) {
        auto error = std::move(choice).error();
        const bool has_sign_in = reads_store && has_qwen_sign_in(configuration);
        if (auto denial = denial_behind(run.around.policy, run.host.denied(), configuration.resolution, has_sign_in)) error = std::move(*denial);
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
    if (has_settings && found.preset() == nullptr && wish.key == nullptr && wish.base_url.empty() && stored.empty())
        return Chosen{std::move(configuration), std::move(found), std::nullopt, std::move(choice->because)};

    QWEN_TRY(const auto own_table, setting_table(run.host, plugins, &found));
    const auto flags = flags_with(run.options, wish, &found.plugin.manifest);
    const auto load = [&](config::Layer account) {
        std::vector<config::Layer> lower;
        if (!account.entries.empty()) lower.push_back(std::move(account));
        if (found.preset() != nullptr) lower.push_back(plugin::preset_layer(found.plugin.manifest, found.preset()));
        return config::load_configuration(own_table, environment, flags, std::move(lower), {});
    };
    QWEN_TRY(configuration, load({}));
    if (auto account = account_layer(run, configuration, found); !account.entries.empty()) {
        QWEN_TRY(configuration, load(std::move(account)));
    }
    return Chosen{std::move(configuration), std::move(found), std::nullopt, std::move(choice->because)};
}

Result<std::unique_ptr<Session>> open_session(const CommandRun& run, Chosen& chosen, auth::Interaction& interaction) {
    if (chosen.no_provider) return *chosen.no_provider;
    const auto& around = run.around;
    const auto to_stderr = [](std::string_view text) { write_to_stderr(notice_text(text)); };
    const auto place = store_place(run, chosen.configuration);
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
                          std::filesystem::path(std::string(runtime)), around.environment.effective_uid, place.storage, place.keyring, interaction,
                          around.clock, around.random, std::move(allowed_origins), origin_rules(around.policy), to_stderr,
                          run.options.debug ? std::function<void(std::string_view)>(to_stderr) : nullptr, run_command, nobody_is_signed_in}));
    if (may_ask_about_origins(run)) QWEN_CHECK(session->settle_origin(run.context));
    return session;
}

}  // namespace qwen::host
