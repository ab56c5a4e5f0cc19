#include "core/system/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "core/system/clock.hpp"

namespace qwen::system {
namespace {

using std::filesystem::path;

Error unusable(std::string message, const path& file) {
    return {ErrorCode::storage_failed, std::move(message), {}, FileLocation{.path = file.string()}};
}

FileFacts to_facts(const struct stat& status) {
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .owner = status.st_uid,
            .group = status.st_gid,
            .mode = status.st_mode,
            .size = static_cast<std::uint64_t>(status.st_size),
            .modified_ns = status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec};
}

bool means_absent(int errno_value) { return errno_value == ENOENT || errno_value == ENOTDIR; }

Error not_a_regular_file(const path& file) { return unusable("not a regular file", file); }

Error too_long(const path& file, std::uint64_t limit) {
    return unusable("the file is longer than the " + std::to_string(limit) + " bytes allowed", file);
}

int open_again_if_interrupted(int directory, const char* name, int flags, mode_t mode = 0) {
    int fd = -1;
    do fd = ::openat(directory, name, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

Result<std::string> read_all(const Descriptor& descriptor, std::uint64_t expected, std::uint64_t limit, const path& file) {
    std::string bytes;
    // One byte more than fstat said, so that a file of the announced size needs one read(2) that fills and one that ends.
    bytes.resize(std::min(expected, limit) + 1);
    std::size_t filled = 0;
    for (;;) {
        if (filled > limit) return too_long(file, limit);
        if (filled == bytes.size()) bytes.resize(std::min<std::uint64_t>(bytes.size() * 2, limit + 1));
        const ssize_t count = ::read(descriptor.get(), bytes.data() + filled, bytes.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return storage_error("cannot read", file, errno);
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    bytes.resize(filled);
    return bytes;
}

Result<std::optional<FileContent>> read_relative(int directory, const char* name, const ReadRules& rules, const path& file) {
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (rules.follow_symlink ? 0 : O_NOFOLLOW);
    const Descriptor descriptor(open_again_if_interrupted(directory, name, flags));
    if (!descriptor) {
        if (means_absent(errno)) return std::optional<FileContent>();
        if (errno == ELOOP) return unusable(rules.follow_symlink ? "too many symbolic links" : "a symbolic link is not allowed here", file);
        if (errno == ENXIO) return not_a_regular_file(file);  // a socket
        return storage_error("cannot open", file, errno);
    }
    QWEN_TRY(FileFacts facts, facts_of(descriptor));
    if (!facts.is_regular()) return not_a_regular_file(file);
    if (facts.size > rules.max_bytes) return too_long(file, rules.max_bytes);
    QWEN_TRY(std::string bytes, read_all(descriptor, facts.size, rules.max_bytes, file));
    return std::optional<FileContent>(FileContent{std::move(bytes), facts});
}

Result<void> write_all(const Descriptor& descriptor, std::string_view bytes, const path& file) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return storage_error("cannot write", file, errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_temporary(const path& temporary, std::string_view bytes, const path& shown_as) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const Descriptor descriptor(open_again_if_interrupted(AT_FDCWD, temporary.c_str(), flags, 0600));
    if (!descriptor) return storage_error("cannot write", shown_as, errno);
    // An umask can only take bits away; the owner's own must be there to read the file again.
    if (::fchmod(descriptor.get(), 0600) != 0) return storage_error("cannot write", shown_as, errno);
    QWEN_CHECK(write_all(descriptor, bytes, shown_as));
    if (::fsync(descriptor.get()) != 0) return storage_error("cannot write", shown_as, errno);
    return {};
}

path directory_of(const path& file) { return file.has_parent_path() ? file.parent_path() : path("."); }

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = other.release();
    }
    return *this;
}

Descriptor::~Descriptor() {
    // errno of the failure that ends a function must survive its clean-up.
    const int saved_errno = errno;
    if (fd_ >= 0) ::close(fd_);
    errno = saved_errno;
}

int Descriptor::release() noexcept { return std::exchange(fd_, -1); }

bool FileFacts::is_regular() const { return S_ISREG(mode); }

bool FileFacts::writable_by_others() const { return (mode & (S_IWGRP | S_IWOTH)) != 0; }

Error storage_error(std::string_view action, const path& file, int errno_value) {
    std::string reason = std::generic_category().message(errno_value);
    if (reason.size() > 1 && reason[0] >= 'A' && reason[0] <= 'Z') reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
    return unusable(std::string(action) + ": " + reason, file);
}

Result<FileFacts> facts_of(const Descriptor& descriptor) {
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) return storage_error("cannot examine", {}, errno);
    return to_facts(status);
}

Result<std::optional<FileFacts>> facts_of_path(const path& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) == 0) return std::optional(to_facts(status));
    if (means_absent(errno)) return std::optional<FileFacts>();
    return storage_error("cannot examine", file, errno);
}

Result<std::optional<FileContent>> read_file(const path& file, const ReadRules& rules) {
    return read_relative(AT_FDCWD, file.c_str(), rules, file);
}

Result<std::optional<Descriptor>> open_directory(const path& directory) {
    Descriptor descriptor(open_again_if_interrupted(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK));
    if (descriptor) return std::optional(std::move(descriptor));
    if (errno == ENOENT) return std::optional<Descriptor>();
    return storage_error("cannot open", directory, errno);
}

Result<Descriptor> open_parent(const Descriptor& directory) {
    Descriptor parent(open_again_if_interrupted(directory.get(), "..", O_PATH | O_DIRECTORY));
    if (!parent) return storage_error("cannot open", "..", errno);
    return parent;
}

Result<std::optional<FileFacts>> facts_at(const Descriptor& directory, const char* name) {
    struct stat status {};
    if (::fstatat(directory.get(), name, &status, 0) == 0) return std::optional(to_facts(status));
    if (means_absent(errno) || errno == EACCES) return std::optional<FileFacts>();
    return storage_error("cannot examine", name, errno);
}

Result<std::optional<FileContent>> read_file_at(const Descriptor& directory, const std::string& name, const ReadRules& rules,
                                                const path& shown_as) {
    return read_relative(directory.get(), name.c_str(), rules, shown_as);
}

Result<std::optional<Descriptor>> open_file_at(const Descriptor& directory, const std::string& name, const path& shown_as) {
    Descriptor descriptor(open_again_if_interrupted(directory.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
    if (descriptor) return std::optional(std::move(descriptor));
    if (means_absent(errno)) return std::optional<Descriptor>();
    return storage_error("cannot open", shown_as, errno);
}

Result<void> change_mode(const Descriptor& descriptor, mode_t permissions, const path& shown_as) {
    if (::fchmod(descriptor.get(), permissions) != 0) return storage_error("cannot change the mode", shown_as, errno);
    return {};
}

Result<void> make_private_directory(const path& directory) {
    path so_far;
    for (const path& part : directory) {
        so_far /= part;
        if (::mkdir(so_far.c_str(), 0700) == 0 || errno == EEXIST || errno == EISDIR) continue;
        const int reason = errno;
        // A read-only or forbidden parent answers EROFS or EACCES although the directory itself is there.
        struct stat status {};
        if (::stat(so_far.c_str(), &status) != 0) return storage_error("cannot create the directory", so_far, reason);
    }
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) return storage_error("cannot create the directory", directory, errno);
    if (!S_ISDIR(status.st_mode)) return unusable("not a directory", directory);
    return {};
}

Result<void> replace_file(const path& file, std::string_view bytes) {
    const path temporary = file.string() + ".tmp";
    if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return storage_error("cannot write", file, errno);
    if (auto written = write_temporary(temporary, bytes, file); !written) {
        ::unlink(temporary.c_str());
        return written;
    }
    if (::rename(temporary.c_str(), file.c_str()) != 0) {
        const int reason = errno;
        ::unlink(temporary.c_str());
        return storage_error("cannot write", file, reason);
    }
    // The new content is in place whatever happens now; only its survival of a power loss is not certain without this.
    if (const auto directory = open_directory(directory_of(file)); directory && *directory) ::fsync((*directory)->get());
    return {};
}

Result<FileLock> FileLock::acquire(const path& file, const Context& context) {
    // O_NONBLOCK: a FIFO of this name must not stop us.
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    Descriptor descriptor(open_again_if_interrupted(AT_FDCWD, file.c_str(), flags, 0600));
    if (!descriptor && errno == ELOOP) return unusable("a symbolic link is not allowed here", file);
    if (!descriptor) return storage_error("cannot open the lock file", file, errno);
    QWEN_TRY(const FileFacts facts, facts_of(descriptor));
    if (!facts.is_regular()) return not_a_regular_file(file);

    // flock(2) cannot wait beside another descriptor, so it is tried at growing distances; 5 ms is short beside any token call.
    const SystemClock clock;
    std::chrono::microseconds pause{500};
    for (;;) {
        if (context.cancelled()) return cancelled_error();
        if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(descriptor));
        if (errno != EWOULDBLOCK && errno != EINTR) return storage_error("cannot lock", file, errno);
        QWEN_CHECK(clock.sleep_until(clock.monotonic_now() + pause, context));
        pause = std::min(pause * 2, std::chrono::microseconds{5000});
    }
}

}  // namespace qwen::system
