// Where plugin files are, by name alone: nothing is opened here.
//
// A file's stem is the plugin's id, so a denied provider is decided from the directory entry without touching the file.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace qwen::host::plugin {

/// Which of the two plugin directories a file is in.
enum class PluginPlace : std::uint8_t { bundled, user };

struct PluginFile {
    std::string id;
    std::filesystem::path path;  ///< absolute
    PluginPlace place = PluginPlace::bundled;
};

struct PluginDirectories {
    std::filesystem::path bundled;  ///< <prefix>/lib/qwen/plugins
    std::filesystem::path user;     ///< ~/.qwen/plugins; empty: none
};

/// All *.so with a valid id as stem, in the order of ids. A directory that is missing or unreadable holds none.
[[nodiscard]] std::vector<PluginFile> list_plugin_files(const PluginDirectories& directories);
/// Those of them that `wanted` says yes to; only these cost more than their directory entry.
[[nodiscard]] std::vector<PluginFile> list_plugin_files(const PluginDirectories& directories,
                                                        const std::function<bool(std::string_view id, PluginPlace place)>& wanted);

/// Errors: plugin_missing, with the places looked at; plugin_refused when both directories have a plugin of this id, naming both.
[[nodiscard]] Result<PluginFile> find_plugin_file(const PluginDirectories& directories, std::string_view id);

}  // namespace qwen::host::plugin
