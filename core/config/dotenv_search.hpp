// Finds the one .env file that applies, and reads it with suspicion.
//
// The order is part of the user contract: from the working directory up to "/", in each `.qwen/.env` then `.env`; then the user directory's `.env`, then
// `~/.env`. The first that exists is the only one read.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/config/layer.hpp"
#include "core/system/environment.hpp"
#include "core/system/file.hpp"

namespace qwen::config {

struct DotenvFile {
    std::filesystem::path path;
    std::string text;
    FileIdentity identity;
    /// `user` for the files of the home and user directories, else `project`.
    TrustClass trust = TrustClass::project;
    /// Named `.env` outside a directory `.qwen`: DEBUG and DEBUG_MODE do not count there.
    bool is_plain_project_file = false;
};

struct DotenvSearch {
    std::optional<DotenvFile> winner;
    /// How many places were looked at, the winner's among them.
    std::size_t places = 0;
    /// Files and directories that were passed over, and why.
    std::vector<Notice> notices;
};

/// A file of another user, or one that others may write, is passed over with a notice, and so is any in a directory of that kind: else anybody could break
/// everybody with a file in a shared directory. Errors (dotenv_refused): what is found is a directory, FIFO, device, or longer than 64 KiB.
[[nodiscard]] Result<DotenvSearch> find_dotenv(const system::Environment& environment, const std::filesystem::path& user_directory);

}  // namespace qwen::config
