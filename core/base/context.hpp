// How long a call may take and whether the user has asked for it to stop.
//
// A CancellationSource is fed by the SIGINT handler; everything that waits takes a Context and either polls
// `cancellation_fd()` beside its own descriptor or registers its socket with SocketGuard, which the source shuts down.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "core/base/result.hpp"

namespace qwen {

using MonotonicTime = std::chrono::steady_clock::time_point;
/// Milliseconds since 1970-01-01T00:00:00Z.
using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Raised once, read by everybody. Lives as long as every Context made from it.
class CancellationSource {
public:
    CancellationSource();
    ~CancellationSource();
    CancellationSource(const CancellationSource&) = delete;
    CancellationSource& operator=(const CancellationSource&) = delete;

    /// Async-signal-safe. Makes cancellation_fd() readable and shuts down the guarded socket.
    void cancel() noexcept;
    /// Makes the source usable for the next conversation turn.
    void reset() noexcept;
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
    /// An eventfd that is readable from cancel() until reset(). Owned by this object.
    [[nodiscard]] int fd() const noexcept { return event_fd_; }

private:
    friend class SocketGuard;
    std::atomic<bool> cancelled_{false};
    std::atomic<int> socket_{-1};
    int event_fd_ = -1;
};

/// Names the one socket on which the current request blocks, so that cancel() wakes the reader by shutting it down.
class SocketGuard {
public:
    /// `source` may be null: then nothing happens.
    SocketGuard(CancellationSource* source, int socket) noexcept;
    ~SocketGuard();
    SocketGuard(const SocketGuard&) = delete;
    SocketGuard& operator=(const SocketGuard&) = delete;

private:
    CancellationSource* source_;
};

/// Deadline and cancellation, passed by const reference through every call that can wait. Cheap to copy.
struct Context {
    /// Absent: no deadline.
    std::optional<MonotonicTime> deadline;
    /// Null: cannot be cancelled. Outlives the call.
    CancellationSource* cancellation = nullptr;

    [[nodiscard]] bool cancelled() const noexcept { return cancellation != nullptr && cancellation->cancelled(); }
    /// -1 when the call cannot be cancelled (poll(2) ignores it).
    [[nodiscard]] int cancellation_fd() const noexcept { return cancellation ? cancellation->fd() : -1; }
    /// The same call with the earlier of its deadline and `limit`.
    [[nodiscard]] Context with_deadline(MonotonicTime limit) const;
};

/// The error every cancelled call returns.
[[nodiscard]] Error cancelled_error();

}  // namespace qwen
