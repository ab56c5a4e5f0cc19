#include "core/config/dotenv_search.hpp"

#include <sys/stat.h>

namespace qwen::config {
namespace {

namespace fs = std::filesystem;

struct Candidate {
    fs::path path;
    fs::path directory;  ///< whose owner and mode decide whether the file may be looked at
};

/// Group write is allowed for the user's private group (same number as the user), which umask 002 leaves on ordinary files.
bool is_writable_by_others(unsigned owner, unsigned group, mode_t mode) { return (mode & S_IWOTH) != 0 || ((mode & S_IWGRP) != 0 && group != owner); }

bool is_own(unsigned owner, unsigned effective_uid) { return owner == effective_uid || owner == 0; }

/// Why nothing in this directory counts; empty when it does, or does not exist.
std::string distrust_of_directory(const fs::path& directory, unsigned effective_uid) {
    struct stat facts {};
    if (::stat(directory.c_str(), &facts) != 0) return {};
    if (!is_own(facts.st_uid, effective_uid)) return "the directory belongs to another user";
    if ((facts.st_mode & S_IWOTH) != 0) return "anybody may write to the directory";
    return {};
}

std::string distrust_of_file(const system::FileFacts& facts, unsigned effective_uid) {
    if (!is_own(facts.owner, effective_uid)) return "it belongs to another user";
    if (is_writable_by_others(facts.owner, facts.group, facts.mode)) return "others may write to it";
    return {};
}

bool is_same_file(const fs::path& a, const fs::path& b) {
    std::error_code ignored;
    return !a.empty() && !b.empty() && fs::equivalent(a, b, ignored);
}

std::vector<Candidate> candidates(const system::Environment& environment, const fs::path& user_directory) {
    std::vector<Candidate> places;
    for (fs::path directory = environment.working_directory; !directory.empty(); directory = directory.parent_path()) {
        places.push_back({directory / ".qwen" / ".env", directory});
        places.push_back({directory / ".env", directory});
        if (directory == directory.root_path()) break;
    }
    if (!user_directory.empty()) places.push_back({user_directory / ".env", user_directory});
    if (!environment.home.empty()) places.push_back({environment.home / ".env", environment.home});
    return places;
}

bool is_there(const fs::path& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0;
}

bool is_file_of_user(const fs::path& path, const system::Environment& environment, const fs::path& user_directory) {
    const auto directory = path.parent_path();
    return is_same_file(directory, environment.home) || is_same_file(directory, user_directory);
}

}  // namespace

Result<DotenvSearch> find_dotenv(const system::Environment& environment, const fs::path& user_directory) {
    DotenvSearch search;
    for (const auto& candidate : candidates(environment, user_directory)) {
        search.looked_at.push_back(candidate.path);
        if (!is_there(candidate.path)) continue;
        const FileLocation where{candidate.path.string(), 0, 0};
        if (const auto reason = distrust_of_directory(candidate.directory, environment.effective_uid); !reason.empty()) {
            search.notices.push_back({".env ignored: " + reason, where});
            continue;
        }
        auto content = system::read_file(candidate.path, {});
        if (!content)
            return Error{ErrorCode::dotenv_refused, "the .env file that applies cannot be used: " + content.error().message, "remove it, or run somewhere else", where};
        if (!*content) continue;
        if (const auto reason = distrust_of_file((*content)->facts, environment.effective_uid); !reason.empty()) {
            search.notices.push_back({".env ignored: " + reason, where});
            continue;
        }
        DotenvFile file{candidate.path, std::move((*content)->bytes), {(*content)->facts.device, (*content)->facts.inode}};
        if (is_file_of_user(candidate.path, environment, user_directory)) file.trust = TrustClass::user;
        file.is_plain_project_file = file.trust == TrustClass::project && candidate.path.parent_path().filename() != ".qwen";
        search.winner = std::move(file);
        return search;
    }
    return search;
}

}  // namespace qwen::config
