// Processes that use up a quota together while some of them are killed: never more grants than the limit, and none lost to a broken file.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/auth/quota.hpp"
#include "core/system/random.hpp"
#include "tests/torture/sign_in.hpp"

using namespace qwen;

namespace {

const std::vector<auth::RateLimit> kLimits{{2000, 86400}, {2000, 3600}};

enum class Patience : std::uint8_t { ends, endless };

/// Asks until it is told to wait; one byte in `grants` for each grant, written after it.
[[noreturn]] void use_up(const std::filesystem::path& directory, UtcTime now, Patience patience) {
    auth::QuotaCounter counter(directory / "quota", "account", kLimits);
    const system::Descriptor grants(::open((directory / "grants").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    for (;;) {
        const auto answer = counter.reserve(now, {});
        if (!answer) ::_exit(1);
        if (answer->wait_until && patience == Patience::ends) ::_exit(0);
        if (!answer->wait_until && ::write(grants.get(), "x", 1) != 1) ::_exit(1);
    }
}

pid_t start(const std::filesystem::path& directory, UtcTime now, Patience patience) {
    const pid_t child = ::fork();
    if (child == 0) use_up(directory, now, patience);
    return child;
}

double microseconds_for_one(const std::filesystem::path& directory, UtcTime now) {
    const system::SystemClock clock;
    auth::QuotaCounter counter(directory / "quota", "timing", {{60, 60}, {2000, 86400}});
    for (int i = 0; i < 2000; ++i) (void)counter.reserve(now - std::chrono::seconds(80'000 - i * 30), {});
    constexpr int kRounds = 200;
    const auto begin = clock.monotonic_now();
    for (int i = 0; i < kRounds; ++i) (void)counter.reserve(now, {});
    return std::chrono::duration<double, std::micro>(clock.monotonic_now() - begin).count() / kRounds;
}

}  // namespace

int main(int argc, char** argv) {
    const int kills = argc > 1 && std::strcmp(argv[1], "--full") == 0 ? 5000 : 200;
    const tests::TemporaryDirectory directory;
    const system::SystemClock clock;
    const system::SystemRandom random;
    const UtcTime now = clock.utc_now();
    tests::write_text(directory / "grants", "");

    for (int i = 0; i < kills; ++i) {
        const pid_t victim = start(directory.path(), now, Patience::endless);
        (void)clock.sleep_until(clock.monotonic_now() + std::chrono::microseconds(random.below(600)), {});
        ::kill(victim, SIGKILL);
        ::waitpid(victim, nullptr, 0);
    }
    int failures = 0;
    for (int i = 0; i < 4; ++i) start(directory.path(), now, Patience::ends);
    for (int i = 0, status = 0; i < 4; ++i) failures += ::wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;

    const auto granted = static_cast<int>(std::filesystem::file_size(directory / "grants"));
    const auto used = auth::QuotaCounter(directory / "quota", "account", kLimits).usage(now, {}).value()[0].used;
    const double cost = microseconds_for_one(directory.path(), now);
    std::printf("quota_kill kills=%d limit=2000 counted=%u granted=%d failures=%d reserve_us=%.0f\n", kills, used, granted, failures, cost);
    // Each kill can fall between the count and the grant; never the other way round.
    return failures == 0 && used == 2000 && granted <= 2000 && granted >= 2000 - kills ? 0 : 1;
}
