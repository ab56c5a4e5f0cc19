#include "core/auth/peer_lock.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::auth;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kTheirContent = "4b825dc6-42cb-4eb9-a060-e54bf8d69288";

struct Fixture {
    Result<PeerLock> acquire(std::chrono::seconds wait = 5s) {
        return PeerLock::acquire(file, clock, random, Context{.deadline = clock.monotonic_now() + wait, .cancellation = nullptr});
    }
    /// A lock file of Qwen Code, last touched `age` ago.
    void write_theirs(std::chrono::milliseconds age) {
        tests::write_text(file, kTheirContent);
        const auto seconds = std::chrono::floor<std::chrono::seconds>(clock.utc_now() - age);
        const timespec time{static_cast<time_t>(seconds.time_since_epoch().count()), 0};
        const timespec times[2] = {time, time};
        REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
    }
    std::ptrdiff_t files() const {
        return std::distance(std::filesystem::directory_iterator(directory.path()), std::filesystem::directory_iterator());
    }

    tests::TemporaryDirectory directory;
    std::filesystem::path file = directory / "oauth_creds.lock";
    tests::FakeClock clock;
    system::SystemRandom random;
};

}  // namespace

TEST_SUITE("core/auth/peer_lock") {
    TEST_CASE("the lock is a file with a UUID while it is held and gone afterwards") {
        Fixture fixture;
        {
            const auto lock = fixture.acquire();
            REQUIRE(lock);
            const std::string content = tests::read_text(fixture.file);
            CHECK(content.size() > 36);
            CHECK(content[14] == '4');
            struct stat status {};
            REQUIRE(::stat(fixture.file.c_str(), &status) == 0);
            CHECK((status.st_mode & 07777) == 0600);
        }
        CHECK(fixture.files() == 0);
    }

    TEST_CASE("a young lock of Qwen Code is waited for, an old one is taken over") {
        Fixture fixture;
        SUBCASE("young: the deadline comes first") {
            fixture.write_theirs(0s);
            const auto lock = fixture.acquire(5s);
            REQUIRE_FALSE(lock);
            CHECK(lock.error().code == ErrorCode::timed_out);
            CHECK(tests::read_text(fixture.file) == kTheirContent);
        }
        SUBCASE("young, but never touched again: taken over when it is ten seconds old") {
            fixture.write_theirs(0s);
            const auto start = fixture.clock.monotonic_now();
            CHECK(fixture.acquire(60s));
            CHECK(fixture.clock.monotonic_now() - start >= 9s);
            CHECK(fixture.clock.monotonic_now() - start <= 12s);
        }
        SUBCASE("old: at once") {
            fixture.write_theirs(12s);
            const auto start = fixture.clock.monotonic_now();
            CHECK(fixture.acquire());
            CHECK(fixture.clock.monotonic_now() - start < 100ms);
        }
        SUBCASE("of the future, after a clock was set back: at once") {
            fixture.write_theirs(-24h);
            CHECK(fixture.acquire());
        }
    }

    TEST_CASE("what a killed process of ours left is taken over at once and nothing stays behind") {
        Fixture fixture;
        tests::write_text(fixture.file, std::string(kTheirContent) + " qwen-native");
        const auto start = fixture.clock.monotonic_now();

        { CHECK(fixture.acquire()); }

        CHECK(fixture.clock.monotonic_now() - start < 100ms);
        CHECK(fixture.files() == 0);
    }

    TEST_CASE("a lock that Qwen Code took over meanwhile is not removed") {
        Fixture fixture;
        {
            const auto lock = fixture.acquire();
            REQUIRE(lock);
            std::filesystem::remove(fixture.file);
            tests::write_text(fixture.file, kTheirContent);
        }
        CHECK(tests::read_text(fixture.file) == kTheirContent);
    }

    TEST_CASE("what is no regular file is an error, not a lock") {
        Fixture fixture;
        SUBCASE("directory") { std::filesystem::create_directory(fixture.file); }
        SUBCASE("symbolic link") { std::filesystem::create_symlink("elsewhere", fixture.file); }
        SUBCASE("FIFO") { REQUIRE(::mkfifo(fixture.file.c_str(), 0600) == 0); }
        SUBCASE("no directory to put it in") { fixture.file = fixture.directory / "absent/lock"; }
        const auto lock = fixture.acquire();
        REQUIRE_FALSE(lock);
        CHECK(lock.error().code == ErrorCode::storage_failed);
    }
}
