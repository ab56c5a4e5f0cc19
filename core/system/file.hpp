// Files, opened with suspicion: what was checked is what is read, because the check is made on the open descriptor.
//
// There is no virtual file system: callers pass directories in, tests pass temporary ones.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/context.hpp"
#include "core/base/result.hpp"

namespace qwen::system {

/// Owns a descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept;

private:
    int fd_ = -1;
};

/// What fstat said of the open file.
struct FileFacts {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    unsigned owner = 0;
    unsigned group = 0;
    mode_t mode = 0;  ///< permission bits and file type, as in st_mode
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;

    [[nodiscard]] bool is_regular() const;
    [[nodiscard]] bool writable_by_others() const;  ///< group or other may write
};

/// Errors: storage_failed.
[[nodiscard]] Result<FileFacts> facts_of(const Descriptor& descriptor);
/// What stands at `path` itself, a symbolic link included. nullopt: nothing. Errors: storage_failed.
[[nodiscard]] Result<std::optional<FileFacts>> facts_of_path(const std::filesystem::path& path);

/// Gives an open file or directory other permission bits. Errors: storage_failed.
[[nodiscard]] Result<void> change_mode(const Descriptor& descriptor, mode_t permissions, const std::filesystem::path& shown_as);

/// The storage_failed error for `errno_value` ("cannot write: no space left on device"), with `path` in `where`.
[[nodiscard]] Error storage_error(std::string_view action, const std::filesystem::path& path, int errno_value);

struct ReadRules {
    std::uint64_t max_bytes = 64u << 10;
    /// The last path component may be a symbolic link.
    bool follow_symlink = true;
};

struct FileContent {
    std::string bytes;
    FileFacts facts;
};

/// Reads a whole regular file without ever blocking on a FIFO or device (O_NONBLOCK, fstat before the first read).
/// nullopt: there is nothing at this path. Errors (storage_failed): not a regular file, longer than `max_bytes`, a refused symbolic link,
/// any errno. The path is in `where`.
[[nodiscard]] Result<std::optional<FileContent>> read_file(const std::filesystem::path& path, const ReadRules& rules);

/// Opens a directory to look into (O_PATH is not enough for fstat-then-openat walks on old kernels, so it is opened for reading).
/// nullopt: there is nothing at this path. Errors: storage_failed.
[[nodiscard]] Result<std::optional<Descriptor>> open_directory(const std::filesystem::path& path);
/// The directory above an open one, for looking into only. Errors: storage_failed.
[[nodiscard]] Result<Descriptor> open_parent(const Descriptor& directory);
/// What `name` inside an open directory is, symbolic links followed. nullopt: nothing there, or the directory may not be searched.
/// Errors: storage_failed, `name` as the place.
[[nodiscard]] Result<std::optional<FileFacts>> facts_at(const Descriptor& directory, const char* name);
/// read_file() of `name` inside an open directory; `shown_as` is the path for errors.
[[nodiscard]] Result<std::optional<FileContent>> read_file_at(const Descriptor& directory, const std::string& name, const ReadRules& rules,
                                                              const std::filesystem::path& shown_as);

/// Opens `name` inside a directory for examining and chmod, never through a symbolic link. nullopt: nothing there. Errors: storage_failed.
[[nodiscard]] Result<std::optional<Descriptor>> open_file_at(const Descriptor& directory, const std::string& name,
                                                             const std::filesystem::path& shown_as);

/// Creates `directory` and missing parents with mode 0700. Errors: storage_failed.
[[nodiscard]] Result<void> make_private_directory(const std::filesystem::path& directory);

/// Replaces `path` by a file of mode 0600: a temporary of fixed name beside it (`<name>.tmp`, removed first, O_EXCL), fsync, rename, fsync
/// of the directory. After a crash at any instant the old or the new content is there, never a mixture. Callers that may run in two
/// processes hold a FileLock. Errors: storage_failed; the old content is then intact.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes);

/// An flock(2) on a file of its own: released by the kernel when the holder dies. The file is created 0600 and never unlinked.
class FileLock {
public:
    /// Waits for the lock until the context's deadline. Refuses a symbolic link or anything but a regular file.
    /// Errors: timed_out, cancelled, storage_failed.
    [[nodiscard]] static Result<FileLock> acquire(const std::filesystem::path& path, const Context& context);

    /// The locked file itself, open for reading and writing, for what is kept in it.
    [[nodiscard]] const Descriptor& file() const { return descriptor_; }

private:
    explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
    Descriptor descriptor_;
};

}  // namespace qwen::system
