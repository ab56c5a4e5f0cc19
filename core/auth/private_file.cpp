#include "core/auth/private_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

namespace qwen::auth {
namespace {

constexpr std::uint64_t kLongestFile = 256u << 10;

}  // namespace

void PrivateFile::notice(std::string_view text) const {
    if (notice_) notice_(text);
}

Error PrivateFile::refusal(std::string_view message, std::string_view hint) const {
    return {ErrorCode::credential_store_refused, std::string(message), std::string(hint), FileLocation{.path = place_.file.string()}};
}

Result<void> PrivateFile::check_home() const {
    if (place_.file.is_absolute()) return {};
    return Error{ErrorCode::storage_failed, "there is no home directory to keep credentials in",
                 "set HOME or QWEN_HOME to an absolute path", std::nullopt};
}

Result<void> PrivateFile::check_directory(const system::Descriptor& directory) const {
    const std::string name = place_.file.parent_path().string();
    QWEN_TRY(const system::FileFacts facts, system::facts_of(directory));
    if (facts.owner != place_.owner)
        return refusal(fmt::format("the directory belongs to user {}, not to you", facts.owner),
                       "use a directory of your own: set QWEN_HOME");
    if ((facts.mode & S_IWOTH) != 0) return refusal("everybody may write in its directory", "chmod 700 " + name);
    if ((facts.mode & S_IWGRP) == 0) return {};
    // A login by Qwen Code under umask 002 leaves such a directory; a file in it that is ours was not put there by the group.
    if (system::change_mode(directory, facts.mode & 07755, name)) notice(fmt::format("{} could be written by its group: repaired", name));
    return {};
}

Result<void> PrivateFile::check_file(const system::Descriptor& directory) const {
    QWEN_TRY(const auto opened, system::open_file_at(directory, place_.file.filename().string(), place_.file));
    if (!opened) return {};
    QWEN_TRY(const system::FileFacts facts, system::facts_of(*opened));
    if (!facts.is_regular()) return refusal("the credential file is not a regular file", "move it away and run: qwen auth login");
    if (facts.owner != place_.owner)
        return refusal(fmt::format("the credential file belongs to user {}, not to you", facts.owner),
                       "move it away and run: qwen auth login");
    if ((facts.mode & 0077) == 0) return {};
    const std::string name = place_.file.string();
    if (system::change_mode(*opened, 0600, place_.file))
        notice(fmt::format("{} had mode {:04o}: repaired to 0600", name, facts.mode & 07777));
    else
        notice(fmt::format("{} has mode {:04o} and it cannot be changed: others may read your credentials", name, facts.mode & 07777));
    return {};
}

Result<std::optional<system::FileContent>> PrivateFile::read() const {
    QWEN_CHECK(check_home());
    QWEN_TRY(const auto directory, system::open_directory(place_.file.parent_path()));
    if (!directory) return std::optional<system::FileContent>();
    QWEN_CHECK(check_directory(*directory));
    QWEN_TRY(const auto facts, system::facts_of_path(place_.file));
    if (facts && S_ISLNK(facts->mode))
        return refusal("the credential file is a symbolic link", "put the file itself there, or set QWEN_HOME to its directory");
    QWEN_CHECK(check_file(*directory));
    const system::ReadRules rules{.max_bytes = kLongestFile, .follow_symlink = false};
    QWEN_TRY(auto content, system::read_file_at(*directory, place_.file.filename().string(), rules, place_.file));
    // The check above was of what stood there a moment ago; this is of what was read.
    if (content && content->facts.owner != place_.owner)
        return refusal("the credential file changed its owner while it was read", "try again");
    return content;
}

Result<system::FileLock> PrivateFile::lock_for_writing(const Context& context) const {
    QWEN_CHECK(check_home());
    QWEN_CHECK(system::make_private_directory(place_.file.parent_path()));
    QWEN_CHECK(system::make_private_directory(place_.lock.parent_path()));
    return system::FileLock::acquire(place_.lock, context);
}

Result<void> PrivateFile::replace(std::string_view bytes) const { return system::replace_file(place_.file, bytes); }

Result<void> PrivateFile::set_aside(std::string_view suffix) const {
    const std::string aside = place_.file.string() + std::string(suffix);
    if (std::rename(place_.file.c_str(), aside.c_str()) == 0 || errno == ENOENT) return {};
    return system::storage_error("cannot rename", place_.file, errno);
}

Result<void> PrivateFile::remove() const {
    std::error_code failure;
    std::filesystem::remove(place_.file, failure);
    if (failure) return system::storage_error("cannot remove", place_.file, failure.value());
    return {};
}

}  // namespace qwen::auth
