// A clock that stands still until a test moves it; sleeping moves it.
#pragma once

#include "core/system/clock.hpp"

namespace qwen::tests {

/// Starts at the machine's time, because kernel locks and file times know no other. Not thread-safe.
class FakeClock final : public system::Clock {
public:
    [[nodiscard]] UtcTime utc_now() const override { return utc_; }
    [[nodiscard]] MonotonicTime monotonic_now() const override { return monotonic_; }
    [[nodiscard]] Result<void> sleep_until(MonotonicTime time, const Context& context) const override {
        if (context.cancelled()) return cancelled_error();
        const bool too_late = context.deadline && *context.deadline < time;
        advance((too_late ? *context.deadline : time) - monotonic_);
        if (too_late) return Error{ErrorCode::timed_out, "the time allowed for this ran out", {}, std::nullopt};
        return {};
    }

    /// Lets time pass.
    void advance(std::chrono::nanoseconds span) const {
        if (span.count() <= 0) return;
        monotonic_ += span;
        utc_ += std::chrono::ceil<std::chrono::milliseconds>(span);
    }
    /// Somebody sets the machine's date; no time passes.
    void set_date_by(std::chrono::milliseconds span) { utc_ += span; }

private:
    mutable UtcTime utc_ = system::SystemClock().utc_now();
    mutable MonotonicTime monotonic_ = system::SystemClock().monotonic_now();
};

}  // namespace qwen::tests
