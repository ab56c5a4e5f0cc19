#include "core/http/retry_after.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace std::chrono;

namespace {
const UtcTime kNow = sys_days{year{1994} / November / 6} + hours{8} + minutes{49} + seconds{7};

std::optional<std::int64_t> wait(const char* retry_after, const char* date = nullptr, const char* retry_after_ms = nullptr) {
    http::HeaderList headers;
    if (retry_after != nullptr) REQUIRE(headers.set("Retry-After", retry_after));
    if (date != nullptr) REQUIRE(headers.set("Date", date));
    if (retry_after_ms != nullptr) REQUIRE(headers.set("retry-after-ms", retry_after_ms));
    const auto result = http::retry_after(headers, kNow);
    return result ? std::optional<std::int64_t>(result->count()) : std::nullopt;
}
}  // namespace

TEST_SUITE("core/http/retry_after") {

TEST_CASE("seconds and the three date forms are read, anything else is no answer") {
    struct Row {
        const char* text;
        std::optional<std::int64_t> ms;
    };
    const Row rows[] = {
        {"0", 0},
        {"1", 1000},
        {"120", 120'000},
        {" 3 ", 3000},
        {"007", 7000},
        {"86400", 86'400'000},
        {"999999999999999999999", 1'000'000'000'000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 30'000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 30'000},
        {"Sun Nov  6 08:49:37 1994", 30'000},
        {"Sun, 06 Nov 1994 08:49:00 GMT", 0},
        {"Mon, 07 Nov 1994 08:49:07 GMT", 86'400'000},
        {"-1", {}},
        {"+1", {}},
        {"1.5", {}},
        {"1, 2", {}},
        {"soon", {}},
        {"", {}},
        {"1s", {}},
        {"0x10", {}},
        {"Sun, 06 Nov 1994 08:49:37", {}},
        {"Sun, 06 Nov 1994 08:49:37 UTC", {}},
        {"Sun, 31 Feb 1994 08:49:37 GMT", {}},
        {"Sun, 06 Nov 1994 25:49:37 GMT", {}},
        {"sun, 06 nov 1994 08:49:37 gmt", {}},
        {"Sun, 6 Nov 1994 08:49:37 GMT", {}},
        {"1994-11-06T08:49:37Z", {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(wait(row.text) == row.ms);
    }
    CHECK_FALSE(wait(nullptr).has_value());
}

TEST_CASE("a date counts from the server's own clock") {
    CHECK(wait("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:27 GMT") == 10'000);
    CHECK(wait("Sun, 06 Nov 1994 08:49:37 GMT", "rubbish") == 30'000);
}

TEST_CASE("milliseconds are more precise, so they win") {
    CHECK(wait("5", nullptr, "1500") == 1500);
    CHECK(wait("5", nullptr, "soon") == 5000);
}

}
