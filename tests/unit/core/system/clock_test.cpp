#include "core/system/clock.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace std::chrono_literals;

TEST_SUITE("core/system/clock") {
    TEST_CASE("waiting ends when the time has come") {
        const system::SystemClock clock;
        const auto goal = clock.monotonic_now() + 2ms;

        CHECK(clock.sleep_until(goal, {}));

        CHECK(clock.monotonic_now() >= goal);
        CHECK(clock.sleep_until(goal, {}));
    }

    TEST_CASE("the deadline ends a longer wait with an error") {
        const system::SystemClock clock;
        const auto now = clock.monotonic_now();

        const auto waited = clock.sleep_until(now + 1h, Context{.deadline = now + 2ms, .cancellation = nullptr});

        REQUIRE_FALSE(waited);
        CHECK(waited.error().code == ErrorCode::timed_out);
    }

    TEST_CASE("cancellation ends the wait, and wins over a time already reached") {
        const system::SystemClock clock;
        CancellationSource source;
        source.cancel();
        const Context context{.deadline = {}, .cancellation = &source};

        for (const auto goal : {clock.monotonic_now() + 1h, clock.monotonic_now() - 1h}) {
            const auto waited = clock.sleep_until(goal, context);
            REQUIRE_FALSE(waited);
            CHECK(waited.error().code == ErrorCode::cancelled);
        }
    }
}
