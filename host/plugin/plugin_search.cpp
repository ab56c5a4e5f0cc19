#include "host/plugin/plugin_search.hpp"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace qwen::host::plugin {
namespace {

bool is_plugin_id(std::string_view text) {
    if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

using Wanted = std::function<bool(std::string_view id, PluginPlace place)>;

/// readdir() and plain texts: a std::filesystem::path for each entry took longer than everything else a run does with 200 files.
void list_directory(const std::filesystem::path& directory, PluginPlace place, const Wanted& wanted, std::vector<PluginFile>& files) {
    if (directory.empty() || !directory.is_absolute()) return;
    const std::unique_ptr<DIR, decltype([](DIR* open) { ::closedir(open); })> entries(::opendir(directory.c_str()));
    if (entries == nullptr) return;
    constexpr std::string_view kSuffix = ".so";
    while (const dirent* const entry = ::readdir(entries.get())) {
        const std::string_view name = entry->d_name;
        if (!name.ends_with(kSuffix)) continue;
        const auto id = name.substr(0, name.size() - kSuffix.size());
        if (is_plugin_id(id) && wanted(id, place)) files.push_back({std::string(id), directory / name, place});
    }
}

}  // namespace

std::vector<PluginFile> list_plugin_files(const PluginDirectories& directories, const Wanted& wanted) {
    std::vector<PluginFile> files;
    list_directory(directories.bundled, PluginPlace::bundled, wanted, files);
    list_directory(directories.user, PluginPlace::user, wanted, files);
    std::stable_sort(files.begin(), files.end(), [](const PluginFile& left, const PluginFile& right) { return left.id < right.id; });
    return files;
}

std::vector<PluginFile> list_plugin_files(const PluginDirectories& directories) {
    return list_plugin_files(directories, [](std::string_view, PluginPlace) { return true; });
}

Result<PluginFile> find_plugin_file(const PluginDirectories& directories, std::string_view id) {
    auto found = list_plugin_files(directories, [id](std::string_view candidate, PluginPlace) { return candidate == id; });
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
