#include "host/plugin/plugin_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace qwen::host::plugin {
namespace {

bool is_plugin_id(std::string_view text) {
    if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void list_directory(const std::filesystem::path& directory, PluginPlace place, std::vector<PluginFile>& files) {
    if (directory.empty() || !directory.is_absolute()) return;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
        const std::filesystem::path& path = entry->path();
        if (path.extension() == ".so" && is_plugin_id(path.stem().native())) files.push_back({path.stem().native(), path, place});
    }
}

}  // namespace

std::vector<PluginFile> list_plugin_files(const PluginDirectories& directories) {
    std::vector<PluginFile> files;
    list_directory(directories.bundled, PluginPlace::bundled, files);
    list_directory(directories.user, PluginPlace::user, files);
    std::stable_sort(files.begin(), files.end(), [](const PluginFile& left, const PluginFile& right) { return left.id < right.id; });
    return files;
}

Result<PluginFile> find_plugin_file(const PluginDirectories& directories, std::string_view id) {
    std::vector<PluginFile> found;
    for (PluginFile& file : list_plugin_files(directories)) {
        if (file.id == id) found.push_back(std::move(file));
    }
    if (found.empty()) {
        std::string places = directories.bundled.native();
        if (!directories.user.empty()) places += fmt::format(" and {}", directories.user.native());
        return Error{ErrorCode::plugin_missing, fmt::format("there is no provider plugin '{}' (looked in {})", id, places),
                     "qwen plugin list shows what is installed", std::nullopt};
    }
    if (found.size() > 1) {
        return Error{ErrorCode::plugin_refused, fmt::format("two plugins are called '{}': {} and {}", id, found[0].path.native(), found[1].path.native()),
                     "remove one of them", FileLocation{found[1].path.native()}};
    }
    return std::move(found.front());
}

}  // namespace qwen::host::plugin
