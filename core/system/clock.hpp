// Time, as an input. Nothing else in the project reads a clock.
#pragma once

#include "core/base/context.hpp"

namespace qwen::system {

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual UtcTime utc_now() const = 0;
    [[nodiscard]] virtual MonotonicTime monotonic_now() const = 0;
    /// Waits until `time`, the context's deadline or cancellation. Errors: cancelled, timed_out (the deadline came first).
    [[nodiscard]] virtual Result<void> sleep_until(MonotonicTime time, const Context& context) const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
public:
    [[nodiscard]] UtcTime utc_now() const override;
    [[nodiscard]] MonotonicTime monotonic_now() const override;
    [[nodiscard]] Result<void> sleep_until(MonotonicTime time, const Context& context) const override;
};

}  // namespace qwen::system
