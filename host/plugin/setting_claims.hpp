// Who may call a setting what: the program first, then its own plugins, then the others in the order of their ids.
//
// A plugin whose flag is taken is left out and says so where plugins are looked at. It must never stop a command that has nothing to do with it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/base/error.hpp"
#include "core/config/setting.hpp"
#include "host/plugin/manifest.hpp"
#include "host/plugin/plugin_search.hpp"

namespace qwen::host::plugin {

class SettingClaims {
public:
    /// `program_flags`: options of the program that are no settings ("--json"); outlives the claims.
    explicit SettingClaims(std::span<const std::string_view> program_flags) : table_(config::SettingTable::core()), program_flags_(program_flags) {}

    /// Takes the names of a plugin's settings, or says why it cannot have them and takes none. nullopt: taken. The error is plugin_refused.
    [[nodiscard]] std::optional<Error> claim(const PluginFile& file, const Manifest& manifest);

private:
    config::SettingTable table_;
    std::span<const std::string_view> program_flags_;
};

}  // namespace qwen::host::plugin
