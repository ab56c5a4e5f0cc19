#include "host/command_runner.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "core/system/file.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::host;

namespace {

const system::SystemClock kClock;

system::Environment environment() {
    system::Environment environment;
    environment.variables = {{"PATH", "/usr/bin:/bin"}, {"MARK", "from the environment"}};
    return environment;
}

Result<Secret> run(std::string_view command, const Context& context = {}) { return run_credential_command(command, environment(), kClock, context); }

std::string output_of(std::string_view command) {
    const auto output = run(command);
    REQUIRE_MESSAGE(output, output.error().message);
    return std::string(output->reveal());
}

}  // namespace

TEST_SUITE("host/command_runner") {

TEST_CASE("a command is split into words by quotes and backslashes, and nothing is expanded") {
    const std::pair<const char*, std::vector<std::string>> cases[] = {
        {"pass show qwen", {"pass", "show", "qwen"}},
        {"  a \t b ", {"a", "b"}},
        {"a 'b c' \"d e\"", {"a", "b c", "d e"}},
        {R"(a\ b "c\"d" "e\f" 'g\h')", {"a b", "c\"d", "e\\f", "g\\h"}},
        {"a '' b", {"a", "", "b"}},
        {"x'y'z", {"xyz"}},
        {"echo $HOME `id` *;ls|x >y", {"echo", "$HOME", "`id`", "*;ls|x", ">y"}},
    };
    for (const auto& [command, words] : cases) {
        CAPTURE(command);
        const auto split = split_command(command);
        REQUIRE(split);
        CHECK(*split == words);
    }
    for (const auto* command : {"", "   ", "'open", "\"open", "''"}) {
        CAPTURE(command);
        CHECK(split_command(command).error().code == ErrorCode::config_invalid);
    }
}

TEST_CASE("what a command prints is the credential; it sees the environment and no standard input") {
    CHECK(output_of("printf '%s' 'a b'") == "a b");
    CHECK(output_of("sh -c 'echo $MARK'") == "from the environment\n");
    CHECK(output_of("cat").empty());
    CHECK(output_of("sh -c 'ls /proc/self/fd'") == "0\n1\n2\n3\n");
}

TEST_CASE("a command that fails says why, once, without control characters") {
    const auto failed = run("sh -c 'printf \"no\\033[31m agent\\n\" >&2; echo token; exit 3'");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == ErrorCode::provider_error);
    CHECK(failed.error().message.find("exit status 3") != std::string::npos);
    CHECK(failed.error().message.find("agent") != std::string::npos);
    CHECK(failed.error().message.find('\033') == std::string::npos);
    CHECK(failed.error().message.find("token") == std::string::npos);
    CHECK(run("sh -c 'kill -9 $$'").error().message.find("signal 9") != std::string::npos);
    CHECK(run("/nonexistent/program").error().code == ErrorCode::config_invalid);
}

TEST_CASE("64 KiB is the most a command may print") {
    CHECK(output_of("head -c 65536 /dev/zero").size() == 65536);
    CHECK(run("head -c 65537 /dev/zero").error().message.find("64 KiB") != std::string::npos);
}

TEST_CASE("a command that does not end is killed with its children") {
    tests::TemporaryDirectory directory;
    const auto pid_file = directory.path() / "pid";
    const Context soon{kClock.monotonic_now() + std::chrono::milliseconds(1000), nullptr};

    const auto slow = run("sh -c 'sleep 100 & echo $! > " + pid_file.string() + "; wait'", soon);

    CHECK(slow.error().code == ErrorCode::timed_out);
    pid_t child = 0;
    std::ifstream(pid_file) >> child;
    REQUIRE(child > 0);
    // Killed, so it ends soon; whoever inherits orphans here may have collected it already.
    const system::Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    pollfd ended{process.get(), POLLIN, 0};
    CHECK((process.get() < 0 || ::poll(&ended, 1, 20'000) == 1));
}

TEST_CASE("a cancelled run waits for no command") {
    CancellationSource cancellation;
    cancellation.cancel();
    CHECK(run("sleep 100", {{}, &cancellation}).error().code == ErrorCode::cancelled);
}

}
