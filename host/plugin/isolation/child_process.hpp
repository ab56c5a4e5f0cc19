// The operating system's side of a plugin's own process: how it is started, and what it came to.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "core/base/result.hpp"
#include "core/system/file.hpp"

namespace qwen::host::plugin {

/// Where a plugin's process finds what it was given.
inline constexpr int kChildSocket = 3;
inline constexpr int kChildImage = 4;
/// The one argument of the program that makes it a plugin's process.
inline constexpr const char* kPluginHostOption = "--plugin-host";

/// A running process of a plugin. Killed and reaped when this dies.
class ChildProcess {
public:
    ChildProcess() = default;
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;
    ~ChildProcess();

    /// Starts `program --plugin-host` with `socket` and `image` (may be -1) as its only descriptors besides /dev/null, an empty environment, a session of
    /// its own, and `/` as directory. Errors: plugin_fault.
    [[nodiscard]] static Result<ChildProcess> start(const std::filesystem::path& program, const system::Descriptor& socket, int image);

    [[nodiscard]] bool is_running() const { return id_ > 0; }
    /// Waits up to `patience` for it to end by itself, kills it (and its session) if it does not, and says in words how it ended:
    /// "it was killed by signal 11 (Segmentation fault)", "it ended its process with status 3".
    std::string finish(std::chrono::milliseconds patience);

private:
    pid_t id_ = -1;
};

}  // namespace qwen::host::plugin
