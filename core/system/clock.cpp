#include "core/system/clock.hpp"

#include <poll.h>

#include <algorithm>
#include <ctime>

namespace qwen::system {
namespace {

timespec to_timespec(std::chrono::nanoseconds span) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
    return {static_cast<time_t>(seconds.count()), static_cast<long>((span - seconds).count())};
}

}  // namespace

UtcTime SystemClock::utc_now() const { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

MonotonicTime SystemClock::monotonic_now() const { return std::chrono::steady_clock::now(); }

Result<void> SystemClock::sleep_until(MonotonicTime time, const Context& context) const {
    const MonotonicTime limit = context.deadline ? std::min(time, *context.deadline) : time;
    for (;;) {
        if (context.cancelled()) return cancelled_error();
        const MonotonicTime now = monotonic_now();
        if (now >= limit) break;
        pollfd wake{context.cancellation_fd(), POLLIN, 0};
        const timespec left = to_timespec(limit - now);
        ::ppoll(&wake, 1, &left, nullptr);  // a signal, a timeout and a cancellation all lead back to the top
    }
    if (limit < time) return Error{ErrorCode::timed_out, "the time allowed for this ran out", {}, std::nullopt};
    return {};
}

}  // namespace qwen::system
