// A file of secrets in the user's directory: who may own it, who may write it, how it is replaced.
//
// Both credential files (oauth_creds.json, credentials.json) go through here, so they follow one set of rules.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "core/base/context.hpp"
#include "core/system/file.hpp"

namespace qwen::auth {

/// Receives one line for the user ("repaired the mode of …"). May be empty.
using Notice = std::function<void(std::string_view)>;

class PrivateFile {
public:
    struct Place {
        std::filesystem::path file;  ///< empty or relative: there is no home, every call fails with storage_failed
        std::filesystem::path lock;  ///< lock file of writers, in a directory that is made when it is missing
        unsigned owner = 0;          ///< effective user id; anybody else's file or directory is refused
    };

    PrivateFile(Place place, Notice notice) : place_(std::move(place)), notice_(std::move(notice)) {}

    /// The content, or nullopt when there is no file. A mode wider than 0600, or a directory its group may write, is repaired with a
    /// notice. Errors: credential_store_refused (symbolic link, no regular file, foreign owner, directory that everybody may write),
    /// storage_failed.
    [[nodiscard]] Result<std::optional<system::FileContent>> read() const;
    /// Held while a writer compares and replaces. Makes the directories, 0700.
    [[nodiscard]] Result<system::FileLock> lock_for_writing(const Context& context) const;
    /// Caller holds the lock. Errors: storage_failed; the old content is then intact.
    [[nodiscard]] Result<void> replace(std::string_view bytes) const;
    /// Renames the file to its name and `suffix` (".corrupt"), over an older one. Nothing there is success. Caller holds the lock.
    [[nodiscard]] Result<void> set_aside(std::string_view suffix) const;
    /// Nothing there is success. Caller holds the lock.
    [[nodiscard]] Result<void> remove() const;

    [[nodiscard]] const std::filesystem::path& path() const { return place_.file; }
    void notice(std::string_view text) const;
    /// The error credential_store_refused with this file in `where`.
    [[nodiscard]] Error refusal(std::string_view message, std::string_view hint) const;

private:
    [[nodiscard]] Result<void> check_home() const;
    [[nodiscard]] Result<void> check_directory(const system::Descriptor& directory) const;
    [[nodiscard]] Result<void> check_file(const system::Descriptor& directory) const;

    Place place_;
    Notice notice_;
};

}  // namespace qwen::auth
