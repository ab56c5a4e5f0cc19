#include "host/plugin/check/check_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>

namespace qwen::host::plugin::check {
namespace {

/// How a process ended when it did not say so itself.
struct Ending {
    bool is_finding = false;
    std::string text;
};

void be_quiet() {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, descriptor);
    ::close(nothing);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // What allocates without end meets it before the machine does; a sanitizer's shadow memory is terabytes of addresses.
    const rlimit memory{rlim_t{4} << 30, rlim_t{4} << 30};
    ::setrlimit(RLIMIT_AS, &memory);
#endif
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

[[noreturn]] void run_in_child(const Rule& rule, const VerifiedPlugin& plugin, const CheckSettings& settings, std::size_t part) {
    ::setpgid(0, 0);
    be_quiet();
    Blackboard& board = Blackboard::shared();
    Rehearsal rehearsal(plugin, board, settings.seed, part);
    rule.check(rehearsal);
    board.pass();
}

/// Waits until the process has ended or `limit` has passed. True: it has ended.
bool wait_for(pid_t child, int ended, std::chrono::milliseconds limit, int& status) {
    pollfd watched{ended, POLLIN, 0};
    ::poll(&watched, 1, static_cast<int>(limit.count()));
    // A plugin may have closed the descriptor and gone on.
    for (int i = 0; i < 20; ++i) {
        if (::waitpid(child, &status, WNOHANG) == child) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

Ending describe(const Blackboard& board, int status) {
    if (WIFSIGNALED(status)) {
        const char* const name = ::sigabbrev_np(WTERMSIG(status));
        return {true, fmt::format("it crashed with SIG{} ({})", name != nullptr ? name : "?", board.place())};
    }
    return {true, fmt::format("it ended the process with status {} ({})", WEXITSTATUS(status), board.place())};
}

/// One process of a check. `place` is where it ended without a word; empty: it had its say.
CheckOutcome run_part(const Rule& rule, const VerifiedPlugin& plugin, const CheckSettings& settings, std::size_t part, std::string& place) {
    Blackboard& board = Blackboard::shared();
    board.clear();
    place.clear();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {&rule, Verdict::undecided, "no pipe can be made", {}};
    const pid_t child = ::fork();
    if (child < 0) return {&rule, Verdict::undecided, "no process can be started", {}};
    if (child == 0) {
        ::close(ends[0]);
        run_in_child(rule, plugin, settings, part);
    }
    ::close(ends[1]);
    int status = 0;
    const bool has_ended = wait_for(child, ends[0], settings.timeout, status);
    // Whatever it has started, too.
    ::kill(-child, SIGKILL);
    if (!has_ended) ::waitpid(child, &status, 0);
    ::close(ends[0]);
    CheckOutcome outcome{&rule, board.verdict(), board.text(), board.trace()};
    if (outcome.verdict != Verdict::running) return outcome;
    const Ending ending =
        has_ended ? describe(board, status)
                  : Ending{true, fmt::format("it does not come back within {} s ({})", settings.timeout.count() / 1000.0, board.place())};
    place = fmt::format("{} {}", has_ended ? status : -1, board.entry());
    outcome.verdict = Verdict::failed;
    outcome.text = ending.text;
    return outcome;
}

CheckOutcome run_rule(const Rule& rule, const VerifiedPlugin& plugin, const CheckSettings& settings, std::string& place) {
    CheckOutcome outcome{&rule, Verdict::passed, {}, {}};
    for (std::size_t part = 0; part < rule.parts; ++part) {
        outcome = run_part(rule, plugin, settings, part, place);
        if (outcome.verdict != Verdict::passed) break;
    }
    return outcome;
}

}  // namespace

std::vector<CheckOutcome> run_checks(const Result<VerifiedPlugin>& examined, const CheckSettings& settings) {
    std::vector<CheckOutcome> outcomes;
    /// Where an earlier check ended without a word, and which one it was: the same again is the same finding.
    std::map<std::string, std::string> known_ends;
    CheckSettings patience = settings;
    const auto all = rules();
    for (const Rule& rule : all) {
        if (!settings.only.empty() && std::find(settings.only.begin(), settings.only.end(), &rule) == settings.only.end()) continue;
        if (rule.check == nullptr) {
            outcomes.push_back(
                {&rule, examined ? Verdict::passed : Verdict::failed, examined ? std::string() : examined.error().message, {}});
            continue;
        }
        if (!examined) {
            outcomes.push_back({&rule, Verdict::undecided, "the file is no plugin", {}});
            continue;
        }
        std::string place;
        CheckOutcome outcome = run_rule(rule, *examined, patience, place);
        if (!place.empty()) {
            const auto [known, is_new] = known_ends.emplace(place, std::string(rule.id));
            if (!is_new) {
                outcome.verdict = Verdict::undecided;
                outcome.text = fmt::format("it ended where {} did", known->second);
            }
            // Who hangs once hangs again; the limit is for the first time.
            if (place.starts_with("-1 ")) patience.timeout = std::min(patience.timeout, std::chrono::milliseconds(300));
        }
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

}  // namespace qwen::host::plugin::check
