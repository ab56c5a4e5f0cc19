// Everything that was configured for this run: reads the sources in their order and resolves them. The one door to core/config for the host.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/config/dotenv_search.hpp"
#include "core/config/resolver.hpp"
#include "core/system/environment.hpp"

namespace qwen::config {

/// Where files are. The defaults are what is shipped; tests pass their own.
struct Places {
    std::filesystem::path system_config = "/etc/qwen/config.toml";
};

struct Configuration {
    Resolution resolution;
    /// Notices of all sources, for standard error and `config explain`.
    std::vector<Notice> notices;
    /// `~/.qwen`, or what QWEN_HOME or --home says; empty when there is no home.
    std::filesystem::path user_directory;
    /// The .env file that was used, and how many places were looked at.
    std::optional<std::filesystem::path> dotenv_used;
    std::size_t dotenv_places = 0;
};

/// `lower_layers` come after the files: accounts and presets. Errors: config_invalid, dotenv_refused.
[[nodiscard]] Result<Configuration> load_configuration(const SettingTable& table, const system::Environment& environment, const Layer& flags,
                                                       std::vector<Layer> lower_layers, const Places& places);

/// The variables of the table that are set in the process's environment; an empty one is kept, so that explain can show it.
[[nodiscard]] Layer environment_layer(const SettingTable& table, const system::Environment& environment);

}  // namespace qwen::config
