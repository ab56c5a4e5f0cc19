// How this process treats signals and its own memory image.
#pragma once

#include "core/base/context.hpp"

namespace qwen::host {

/// No core file and no ptrace by other processes of the user: keys are in this memory. Best effort.
void protect_process_memory() noexcept;

/// While it lives, SIGINT and SIGTERM cancel `cancellation`, and SIGPIPE is ignored. A process that is still there 80 ms after the first signal, or gets a
/// second one, ends at once. One at a time; `cancellation` outlives it.
class SignalGuard {
public:
    explicit SignalGuard(CancellationSource& cancellation);
    ~SignalGuard();
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;

    /// SIGINT or SIGTERM when one has come; 0 when none has.
    [[nodiscard]] static int received() noexcept;
};

/// Ends the process as the signal would have done, so that a shell sees 130 or 143 and stops its script.
[[noreturn]] void die_of_signal(int signal) noexcept;

}  // namespace qwen::host
