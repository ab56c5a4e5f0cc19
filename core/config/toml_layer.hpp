// The values of one config.toml. Unknown keys and wrong types are errors with their place, because a misspelt key that does nothing is worse.
#pragma once

#include <filesystem>

#include "core/config/layer.hpp"

namespace qwen::config {

struct TomlLayer {
    Layer layer;
    std::vector<Notice> notices;
};

/// An absent file is an empty layer. `source` is user_config or system_config. A section of a provider that is not installed gives a notice.
/// Errors (config_invalid, with file, line and column): syntax, unknown key (the hint is the nearest known one), a table where a value belongs, a file others may write.
[[nodiscard]] Result<TomlLayer> read_toml_layer(const std::filesystem::path& path, Source source, const SettingTable& table, unsigned effective_uid);

}  // namespace qwen::config
