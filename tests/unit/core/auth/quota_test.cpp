#include "core/auth/quota.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::auth;
using namespace std::chrono_literals;

namespace {

constexpr UtcTime kStart{std::chrono::milliseconds(1'800'000'000'000)};
const std::vector<RateLimit> kDeclared{{60, 60}, {2000, 86400}};

bool granted(QuotaCounter& counter, UtcTime now) { return !counter.reserve(now, {}).value().wait_until.has_value(); }

}  // namespace

TEST_SUITE("core/auth/quota") {
    TEST_CASE("the request after the last of a minute waits until the first is a minute old") {
        const tests::TemporaryDirectory directory;
        QuotaCounter counter(directory / "quota", "qwen_oauth\nana", kDeclared);
        for (int i = 0; i < 60; ++i) REQUIRE(granted(counter, kStart + i * 100ms));

        const auto refused = counter.reserve(kStart + 10s, {}).value();

        REQUIRE(refused.wait_until.has_value());
        CHECK(*refused.wait_until == kStart + 60s);
        CHECK(refused.limit.requests == 60);
        CHECK(granted(counter, kStart + 60s));
        CHECK_FALSE(granted(counter, kStart + 60s));
        CHECK(granted(counter, kStart + 60s + 100ms));
    }

    TEST_CASE("the day's limit holds beside the minute's") {
        const tests::TemporaryDirectory directory;
        QuotaCounter counter(directory / "quota", "a", {{60, 60}, {100, 86400}});
        for (int i = 0; i < 100; ++i) REQUIRE(granted(counter, kStart + i * 2s));

        const auto refused = counter.reserve(kStart + 1h, {}).value();

        CHECK(refused.wait_until == kStart + 24h);
        CHECK(refused.limit.requests == 100);
        CHECK(granted(counter, kStart + 24h));
    }

    TEST_CASE("processes with one account share a count, accounts do not") {
        const tests::TemporaryDirectory directory;
        QuotaCounter first(directory / "quota", "a", {{2, 60}});
        QuotaCounter second(directory / "quota", "a", {{2, 60}});
        QuotaCounter other(directory / "quota", "b", {{2, 60}});

        CHECK(granted(first, kStart));
        CHECK(granted(second, kStart));
        CHECK_FALSE(granted(first, kStart));
        CHECK(granted(other, kStart));
    }

    TEST_CASE("what is used can be shown without using it") {
        const tests::TemporaryDirectory directory;
        QuotaCounter counter(directory / "quota", "a", {{2, 60}, {10, 86400}});
        CHECK(counter.usage(kStart, {}).value()[0].used == 0);
        CHECK_FALSE(std::filesystem::exists(counter.path()));
        REQUIRE(granted(counter, kStart));
        REQUIRE(granted(counter, kStart + 1s));

        const auto uses = counter.usage(kStart + 2s, {}).value();

        REQUIRE(uses.size() == 2);
        CHECK(uses[0].used == 2);
        CHECK(uses[0].available_at == kStart + 60s);
        CHECK(uses[1].used == 2);
        CHECK_FALSE(uses[1].available_at.has_value());
    }

    TEST_CASE("a clock that jumps a day blocks nobody") {
        const tests::TemporaryDirectory directory;
        QuotaCounter counter(directory / "quota", "a", {{2, 60}});
        REQUIRE(granted(counter, kStart));
        REQUIRE(granted(counter, kStart));
        CHECK(granted(counter, kStart - 24h));
        CHECK(granted(counter, kStart + 24h));
    }

    TEST_CASE("any content of the file is a count") {
        for (const std::string_view content : {"x", "not a count at all, of an odd length", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"}) {
            const tests::TemporaryDirectory directory;
            QuotaCounter counter(directory / "quota", "a", {{2, 60}});
            std::filesystem::create_directory(directory / "quota");
            tests::write_text(counter.path(), content);
            CHECK(granted(counter, kStart));
            CHECK(granted(counter, kStart));
            CHECK_FALSE(granted(counter, kStart));
        }
    }

    TEST_CASE("changed limits keep the count") {
        const tests::TemporaryDirectory directory;
        QuotaCounter small(directory / "quota", "a", {{2, 60}});
        REQUIRE(granted(small, kStart));
        REQUIRE(granted(small, kStart));
        QuotaCounter large(directory / "quota", "a", {{4, 60}});
        CHECK(granted(large, kStart));
        CHECK(granted(large, kStart));
        CHECK_FALSE(granted(large, kStart));
        CHECK_FALSE(granted(small, kStart));
    }

    TEST_CASE("without limits nothing is written") {
        const tests::TemporaryDirectory directory;
        for (const RateLimit limit : {RateLimit{0, 60}, RateLimit{60, 0}, RateLimit{QuotaCounter::kMostRequests + 1, 60}}) {
            QuotaCounter counter(directory / "quota", "a", {limit});
            CHECK(granted(counter, kStart));
        }
        CHECK_FALSE(std::filesystem::exists(directory / "quota"));
    }

    TEST_CASE("neither the account nor anything readable is in the file or its name") {
        const tests::TemporaryDirectory directory;
        QuotaCounter counter(directory / "quota", "openai\nsk-secret", {{2, 60}});
        REQUIRE(granted(counter, kStart));
        CHECK(counter.path().filename().string().size() == 32);
        CHECK(counter.path().string().find("secret") == std::string::npos);
        CHECK(tests::read_text(counter.path()).find("secret") == std::string::npos);
        struct stat status {};
        REQUIRE(::stat(counter.path().c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0600);
    }
}
