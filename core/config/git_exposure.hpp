// Whether a file with a key in it is about to be published: git tracks it, or would with the next `git add .`.
//
// Reads .git by itself and never runs git: a repository's own configuration can make git run programs, and the repository may be anybody's (decision 0017).
#pragma once

#include <filesystem>

namespace qwen::config {

enum class GitExposure : std::uint8_t {
    /// Ignored, or in no repository, or in one whose index is not understood.
    none,
    tracked,
    /// Neither tracked nor covered by an ignore file.
    not_ignored,
};

/// `file` is absolute. `home` is where the user's own ignore file (.config/git/ignore) is; may be empty. Reads at most 16 MiB of index; never fails: what
/// cannot be read is no exposure.
[[nodiscard]] GitExposure git_exposure(const std::filesystem::path& file, const std::filesystem::path& home);

}  // namespace qwen::config
