#include "core/config/git_exposure.hpp"

#include <fnmatch.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/file.hpp"

namespace qwen::config {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxIndexBytes = 16u << 20;
constexpr std::uint64_t kMaxIgnoreBytes = 1u << 20;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kChecksumBytes = 20;
/// Ten words of stat data, a SHA-1 and the flags; what follows is the name.
constexpr std::size_t kEntryBytes = 62;
constexpr unsigned kExtendedFlag = 0x4000;

std::string content(const fs::path& path, std::uint64_t limit) {
    auto read = system::read_file(path, {.max_bytes = limit});
    return read && *read ? std::move((*read)->bytes) : std::string();
}

unsigned big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    unsigned value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// Version 4 names say how much of the one before to drop, in git's own variable-length numbers. nullopt: the index is damaged.
std::optional<std::size_t> read_number(std::string_view bytes, std::size_t& at) {
    if (at >= bytes.size()) return std::nullopt;
    auto byte = static_cast<unsigned char>(bytes[at++]);
    std::size_t value = byte & 0x7f;
    while ((byte & 0x80) != 0) {
        if (at >= bytes.size() || value > kMaxIndexBytes) return std::nullopt;
        byte = static_cast<unsigned char>(bytes[at++]);
        value = ((value + 1) << 7) | (byte & 0x7f);
    }
    return value;
}

/// The index format of git's Documentation/gitformat-index, versions 2 to 4.
bool index_holds(std::string_view index, std::string_view wanted) {
    if (index.size() < kHeaderBytes + kChecksumBytes || !index.starts_with("DIRC")) return false;
    const unsigned version = big_endian(index, 4, 4);
    const unsigned count = big_endian(index, 8, 4);
    if (version < 2 || version > 4) return false;
    const auto end = index.size() - kChecksumBytes;
    std::string name;
    std::size_t at = kHeaderBytes;
    for (unsigned entry = 0; entry < count; ++entry) {
        const auto start = at;
        if (start + kEntryBytes >= end) return false;
        at += kEntryBytes + ((big_endian(index, start + kEntryBytes - 2, 2) & kExtendedFlag) != 0 ? 2 : 0);
        std::size_t dropped = name.size();
        if (version == 4) {
            const auto number = read_number(index, at);
            if (!number || *number > name.size()) return false;
            dropped = *number;
        }
        const auto zero = index.find('\0', at);
        if (zero == std::string_view::npos || zero >= end) return false;
        name.resize(name.size() - dropped);
        name += index.substr(at, zero - at);
        if (name == wanted) return true;
        // Before version 4 entries are filled with zeros, at least one, to a multiple of eight.
        at = version == 4 ? zero + 1 : start + ((zero - start) / 8 + 1) * 8;
    }
    return false;
}

bool glob(const std::string& pattern, const std::string& text) { return ::fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0; }

/// gitignore(5) for a pattern with a slash in it: "**/" stands for any folders, "/**" for everything below.
bool path_matches(const std::string& pattern, const std::string& path) {
    if (pattern.starts_with("**/")) {
        const auto rest = pattern.substr(3);
        for (std::size_t at = 0; at != std::string::npos; at = path.find('/', at) == std::string::npos ? std::string::npos : path.find('/', at) + 1)
            if (path_matches(rest, path.substr(at))) return true;
        return false;
    }
    if (pattern.ends_with("/**")) {
        const auto folder = pattern.substr(0, pattern.size() - 3);
        for (auto at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1))
            if (glob(folder, path.substr(0, at))) return true;
        return false;
    }
    return glob(pattern, path);
}

/// One line of an ignore file: whether it says something of the path, and what.
std::optional<bool> verdict_of_line(std::string line, const std::string& path, bool is_directory) {
    while (line.ends_with('\r') || (line.ends_with(' ') && !line.ends_with("\\ "))) line.pop_back();
    if (line.empty() || line.front() == '#') return std::nullopt;
    const bool ignores = line.front() != '!';
    if (!ignores) line.erase(0, 1);
    if (line.ends_with('/')) {
        if (!is_directory) return std::nullopt;
        line.pop_back();
    }
    const bool has_slash = line.find('/') != std::string::npos;
    if (line.starts_with('/')) line.erase(0, 1);
    const auto name = path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
    if (has_slash ? !path_matches(line, path) : !glob(line, name)) return std::nullopt;
    return ignores;
}

/// One ignore file; what its last matching line says.
struct IgnoreFile {
    std::string prefix;  ///< folder it stands in, relative to the repository, with a slash at its end; empty: the root
    std::string text;

    [[nodiscard]] std::optional<bool> verdict(const std::string& path, bool is_directory) const {
        if (!path.starts_with(prefix)) return std::nullopt;
        std::optional<bool> last;
        for (std::size_t start = 0; start < text.size();) {
            const auto end = std::min(text.find('\n', start), text.size());
            if (const auto said = verdict_of_line(text.substr(start, end - start), path.substr(prefix.size()), is_directory)) last = said;
            start = end + 1;
        }
        return last;
    }
};

bool is_ignored(const std::vector<IgnoreFile>& files, const std::string& path, bool is_directory) {
    std::optional<bool> last;
    for (const auto& file : files)
        if (const auto said = file.verdict(path, is_directory)) last = said;
    return last.value_or(false);
}

/// Weakest first: the user's own, the repository's, then one per folder on the way down.
std::vector<IgnoreFile> ignore_files(const fs::path& root, const fs::path& git, const std::string& path, const fs::path& home) {
    std::vector<IgnoreFile> files;
    if (!home.empty()) files.push_back({{}, content(home / ".config/git/ignore", kMaxIgnoreBytes)});
    files.push_back({{}, content(git / "info/exclude", kMaxIgnoreBytes)});
    files.push_back({{}, content(root / ".gitignore", kMaxIgnoreBytes)});
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        files.push_back({path.substr(0, slash + 1), content(root / path.substr(0, slash) / ".gitignore", kMaxIgnoreBytes)});
    return files;
}

/// A file below an ignored folder is ignored, whatever is said of the file.
bool is_covered(const std::vector<IgnoreFile>& files, const std::string& path) {
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        if (is_ignored(files, path.substr(0, slash), true)) return true;
    return is_ignored(files, path, false);
}

/// The repository's own folder: .git, or what a file .git of a work tree names. Empty: there is none here.
fs::path git_directory(const fs::path& root) {
    const auto git = root / ".git";
    const auto facts = system::facts_of_path(git);
    if (!facts || !*facts) return {};
    if (!(*facts)->is_regular()) return git;
    constexpr std::string_view kPrefix = "gitdir: ";
    auto text = content(git, 4096);
    if (!text.starts_with(kPrefix)) return {};
    text.erase(0, kPrefix.size());
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return root / text;
}

}  // namespace

GitExposure git_exposure(const fs::path& file, const fs::path& home) {
    for (auto root = file.parent_path();; root = root.parent_path()) {
        const auto git = git_directory(root);
        if (!git.empty()) {
            const auto path = file.lexically_relative(root).generic_string();
            if (index_holds(content(git / "index", kMaxIndexBytes), path)) return GitExposure::tracked;
            return is_covered(ignore_files(root, git, path, home), path) ? GitExposure::none : GitExposure::not_ignored;
        }
        if (root == root.parent_path()) return GitExposure::none;
    }
}

}  // namespace qwen::config
