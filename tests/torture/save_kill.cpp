// A process that saves the sign-in over and over is killed: at random moments, and (where strace exists) at each system call of a save.
// Afterwards the cache must be the old or the new one, private, and alone in its directory.
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

constexpr std::string_view kKey = auth::OAuthCacheStore::kKey;

struct Faults {
    int corrupt = 0;
    int readable = 0;
    int strays = 0;
    [[nodiscard]] int total() const { return corrupt + readable + strays; }
};

/// Saves once more than what is stored; `rounds` < 0: for ever.
int save(const std::filesystem::path& home, int rounds) {
    ::umask(0);
    const system::SystemClock clock;
    auth::OAuthCacheStore store(auth::PrivateFile(auth::OAuthCacheStore::place_in(home, ::geteuid()), {}), clock);
    for (int i = 0; rounds < 0 || i < rounds; ++i) {
        const auto before = store.get(kKey);
        if (!before) return 1;
        const Secret text{torture::credentials(std::to_string(i), clock.utc_now())};
        const auto saved = store.put_if(kKey, text, {}, *before ? (*before)->revision : 0);
        if (!saved || !*saved) return 1;
    }
    return 0;
}

bool is_private_if_there(const std::filesystem::path& file) {
    struct stat status {};
    return ::lstat(file.c_str(), &status) != 0 || (status.st_mode & 0077) == 0;
}

void look_for_readable(const std::filesystem::path& home, Faults& faults) {
    for (const char* name : {"oauth_creds.json", "oauth_creds.json.tmp"}) faults.readable += is_private_if_there(home / name) ? 0 : 1;
}

void examine(const std::filesystem::path& home, Faults& faults) {
    const std::string text = tests::read_text(home / "oauth_creds.json");
    const auto json = parse_json(text, "credential file");
    const bool whole = json && !string_member(*json, "refresh_token").empty() && json->contains("expiry_date");
    faults.corrupt += whole ? 0 : 1;
    look_for_readable(home, faults);
    for (const auto& entry : std::filesystem::directory_iterator(home)) {
        const std::string name = entry.path().filename();
        // The temporary of the killed save stands there until the next save, which uses the same name.
        faults.strays += name == "oauth_creds.json" || name == "oauth_creds.json.tmp" || name == "locks" ? 0 : 1;
    }
}

void check_next_save(const std::filesystem::path& home, Faults& faults) {
    faults.corrupt += save(home, 1) == 0 ? 0 : 1;
    faults.strays += std::filesystem::exists(home / "oauth_creds.json.tmp") ? 1 : 0;
}

Faults kill_at_random(int kills) {
    const tests::TemporaryDirectory home;
    const system::SystemClock clock;
    const system::SystemRandom random;
    Faults faults;
    (void)save(home.path(), 1);
    for (int i = 0; i < kills; ++i) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(save(home.path(), -1));
        const auto end = clock.monotonic_now() + std::chrono::microseconds(random.below(3000));
        while (clock.monotonic_now() < end) look_for_readable(home.path(), faults);
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        faults.corrupt += WIFSIGNALED(status) ? 0 : 1;  // it stopped by itself: a save failed
        examine(home.path(), faults);
    }
    check_next_save(home.path(), faults);
    return faults;
}

/// Runs one save under strace, killed at the `nth` call of `name`. False: the save ended before there was such a call.
bool kill_at_call(const std::string& program, const std::filesystem::path& home, const char* name, int nth) {
    const std::string inject = std::string("inject=") + name + ":signal=KILL:when=" + std::to_string(nth);
    const std::string trace = std::string("trace=") + name;
    const pid_t child = ::fork();
    if (child == 0) {
        ::execlp("strace", "strace", "-qq", "-o", "/dev/null", "-e", trace.c_str(), "-e", inject.c_str(), program.c_str(), "--save-once",
                 home.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status);
}

Faults kill_at_each_call(const std::string& program, int& points) {
    const tests::TemporaryDirectory home;
    Faults faults;
    (void)save(home.path(), 1);
    for (const char* name : {"openat", "read", "write", "close", "newfstatat", "flock", "mkdir", "unlink", "fchmod", "fsync", "rename"}) {
        for (int nth = 1; kill_at_call(program, home.path(), name, nth); ++nth) {
            ++points;
            examine(home.path(), faults);
        }
    }
    check_next_save(home.path(), faults);
    return faults;
}

bool has_strace() { return std::system("strace -qq -o /dev/null true 2>/dev/null") == 0; }

bool report(const char* what, int kills, const Faults& faults) {
    std::printf("save_kill %s=%d corrupt=%d world_readable=%d stray_files=%d\n", what, kills, faults.corrupt, faults.readable,
                faults.strays);
    return faults.total() == 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 2 && arguments[0] == "--save-once") return save(arguments[1], 1);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);

    const int kills = !arguments.empty() && arguments[0] == "--full" ? 10'000 : 300;
    bool passed = report("random_kills", kills, kill_at_random(kills));
    if (!has_strace()) {
        std::puts("save_kill system_calls: skipped, strace cannot be run here");
        return passed ? 0 : 1;
    }
    int points = 0;
    const Faults faults = kill_at_each_call(std::filesystem::canonical("/proc/self/exe"), points);
    passed = report("system_calls", points, faults) && points > 10 && passed;
    return passed ? 0 : 1;
}
