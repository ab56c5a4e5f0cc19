// Many processes find one sign-in expired. One of them may ask the token endpoint, all must get the answer, and no refresh token may be
// used twice. In the second half the one that asks is killed while it waits for the endpoint.
#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/torture/sign_in.hpp"

using namespace qwen;
using namespace std::chrono_literals;

namespace {

enum class Holder : std::uint8_t { lives, is_killed };

struct Race {
    int processes;
    std::chrono::milliseconds delay;
    Holder holder;
};

struct Outcome {
    int answers = 0;
    int slowest_ms = 0;
};

[[noreturn]] void take_part(const std::filesystem::path& directory, const torture::Endpoint& endpoint, int start_gate) {
    torture::SignIn sign_in(directory, endpoint);
    // The holder leaves its number before it waits for the endpoint.
    sign_in.provider.on_refresh = [&](const Context& context) {
        tests::write_text(directory / "holder", std::to_string(::getpid()));
        return sign_in.renew(context);
    };
    char byte = 0;
    [[maybe_unused]] const auto opened = ::read(start_gate, &byte, 1);  // returns when the parent closes the other end
    const auto token = sign_in.token();
    ::_exit(token && *token == "at-2" ? 0 : 1);
}

void kill_holder(const std::filesystem::path& directory, const torture::Endpoint& endpoint) {
    const system::SystemClock clock;
    while (endpoint.calls() == 0) (void)clock.sleep_until(clock.monotonic_now() + 1ms, {});
    (void)clock.sleep_until(clock.monotonic_now() + endpoint.delay / 2, {});
    ::kill(std::stoi(tests::read_text(directory / "holder")), SIGKILL);
}

Outcome collect(std::size_t processes, MonotonicTime start) {
    const system::SystemClock clock;
    Outcome outcome;
    for (std::size_t i = 0; i < processes; ++i) {
        int status = 0;
        ::wait(&status);
        outcome.answers += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
    }
    outcome.slowest_ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(clock.monotonic_now() - start).count());
    return outcome;
}

bool run(const Race& race) {
    const tests::TemporaryDirectory directory;
    const torture::Endpoint endpoint{.directory = directory.path(), .delay = race.delay};
    endpoint.prepare();
    torture::write_expired(directory.path());
    int gate[2];
    if (::pipe(gate) != 0) return false;
    for (int i = 0; i < race.processes; ++i) {
        if (::fork() != 0) continue;
        ::close(gate[1]);
        take_part(directory.path(), endpoint, gate[0]);
    }
    const auto start = system::SystemClock().monotonic_now();
    ::close(gate[0]);
    ::close(gate[1]);
    const bool killed = race.holder == Holder::is_killed;
    if (killed) kill_holder(directory.path(), endpoint);
    const Outcome outcome = collect(static_cast<std::size_t>(race.processes), start);

    std::printf("refresh_race processes=%d endpoint_ms=%d holder=%s calls=%d answers=%d reuses=%d slowest_ms=%d\n", race.processes,
                static_cast<int>(race.delay.count()), killed ? "killed" : "lives", static_cast<int>(endpoint.calls()), outcome.answers,
                static_cast<int>(endpoint.reuses()), outcome.slowest_ms);
    const bool no_leftover =
        !std::filesystem::exists(directory / "oauth_creds.lock") && !std::filesystem::exists(directory / "oauth_creds.json.tmp");
    return endpoint.calls() == (killed ? 2u : 1u) && endpoint.reuses() == 0 && outcome.answers == race.processes - (killed ? 1 : 0) &&
           no_leftover;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "--processes") == 0) return run({std::atoi(argv[2]), 300ms, Holder::lives}) ? 0 : 1;
    const bool full = argc > 1 && std::strcmp(argv[1], "--full") == 0;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const std::vector<Race> races = full ? std::vector<Race>{{64, 300ms, Holder::lives},
                                                             {64, 4s, Holder::lives},
                                                             {64, 300ms, Holder::is_killed},
                                                             {64, 4s, Holder::is_killed}}
                                         : std::vector<Race>{{16, 300ms, Holder::lives}, {16, 300ms, Holder::is_killed}};
    bool passed = true;
    for (const Race& race : races) passed = run(race) && passed;
    return passed ? 0 : 1;
}
