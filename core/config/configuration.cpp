#include "core/config/configuration.hpp"

#include <algorithm>
#include <array>

#include "core/config/dotenv_parser.hpp"
#include "core/config/toml_layer.hpp"

namespace qwen::config {
namespace {

namespace fs = std::filesystem;

Layer duplicate(const Layer& layer) {
    Layer copy{layer.source, {}};
    for (const auto& entry : layer.entries) copy.entries.push_back({entry.key, entry.value.duplicate(), entry.from});
    return copy;
}

/// Needed before anything else is resolved, because the .env search ends in it. Only a flag or the real environment may move it.
fs::path user_directory(const Layer& flags, const system::Environment& environment) {
    fs::path chosen;
    if (const auto variable = environment.variable("QWEN_HOME"); variable && !variable->empty()) chosen = fs::path(std::string(*variable));
    for (const auto& entry : flags.entries)
        if (entry.key == "home" && !entry.value.empty()) chosen = fs::path(std::string(entry.value.reveal()));
    if (!chosen.empty()) return chosen.is_absolute() ? chosen : environment.working_directory / chosen;
    return environment.home.empty() ? fs::path{} : environment.home / ".qwen";
}

bool wants_credentials_of_file(const Layer& flags) {
    return std::any_of(flags.entries.begin(), flags.entries.end(), [](const Entry& entry) { return entry.key == "auth_source" && entry.value.equals("file"); });
}

/// Key and server are one credential: a file's pair is used whole or not at all.
void drop_credentials(Layer& layer, const SettingTable& table) {
    std::erase_if(layer.entries, [&](const Entry& entry) {
        const auto* setting = table.find_key(entry.key);
        return setting != nullptr && (setting->role == SettingRole::api_key || setting->role == SettingRole::base_url);
    });
}

bool is_debug_switch(std::string_view name) { return name == "DEBUG" || name == "DEBUG_MODE"; }

Result<Layer> dotenv_layer(const DotenvFile& file, const SettingTable& table) {
    QWEN_TRY(auto entries, parse_dotenv(file.text, file.path.string()));
    Layer layer{Source::dotenv, {}};
    for (auto& entry : entries) {
        if (file.is_plain_project_file && is_debug_switch(entry.name)) continue;
        for (const auto& setting : table.all())
            for (const auto& variable : setting.variables)
                if (variable == entry.name) {
                    Provenance from{Source::dotenv, file.trust, entry.name, FileLocation{file.path.string(), entry.line, 0}, file.identity};
                    layer.entries.push_back({setting.key, entry.value.duplicate(), std::move(from)});
                }
    }
    return layer;
}

}  // namespace

Layer environment_layer(const SettingTable& table, const system::Environment& environment) {
    Layer layer{Source::environment, {}};
    for (const auto& setting : table.all())
        for (const auto& variable : setting.variables)
            if (const auto value = environment.variable(variable))
                layer.entries.push_back({setting.key, Secret(*value), Provenance{Source::environment, TrustClass::user, variable, {}, {}}});
    return layer;
}

Result<Configuration> load_configuration(const SettingTable& table, const system::Environment& environment, const Layer& flags,
                                         std::vector<Layer> lower_layers, const Places& places) {
    Configuration configuration;
    configuration.user_directory = user_directory(flags, environment);
    std::vector<Layer> layers;
    layers.push_back(duplicate(flags));
    layers.push_back(environment_layer(table, environment));
    if (wants_credentials_of_file(flags)) drop_credentials(layers.back(), table);

    QWEN_TRY(auto dotenv, find_dotenv(environment, configuration.user_directory));
    configuration.dotenv_places = dotenv.places;
    configuration.notices = std::move(dotenv.notices);
    if (dotenv.winner) {
        QWEN_TRY(auto layer, dotenv_layer(*dotenv.winner, table));
        layers.push_back(std::move(layer));
        configuration.dotenv_used = dotenv.winner->path;
        wipe(dotenv.winner->text);
    }

    const std::array<std::pair<fs::path, Source>, 2> files{{
        {configuration.user_directory.empty() ? fs::path{} : configuration.user_directory / "config.toml", Source::user_config},
        {places.system_config, Source::system_config},
    }};
    for (const auto& [path, source] : files) {
        if (path.empty()) continue;
        QWEN_TRY(auto toml, read_toml_layer(path, source, table, environment.effective_uid));
        layers.push_back(std::move(toml.layer));
        for (auto& notice : toml.notices) configuration.notices.push_back(std::move(notice));
    }
    for (auto& layer : lower_layers) layers.push_back(std::move(layer));
    QWEN_TRY(configuration.resolution, resolve(table, std::move(layers)));
    return configuration;
}

}  // namespace qwen::config
