#include <csignal>
#include <cstdlib>

#include "host/plugin/check/checks.hpp"

namespace qwen::host::plugin::check {
namespace {

RehearsalHost* watched_host = nullptr;

/// Says what was touched. The process is about to end, and what the finding is made of is its own; that is safe enough here.
void explain_fault(int number, siginfo_t* info, void*) {
    const std::string finding = watched_host->explain(info->si_addr);
    if (!finding.empty()) watched_host->board().fail(finding + " (" + watched_host->board().place() + ")");
    std::signal(number, SIG_DFL);
    std::raise(number);
}

void explain_faults(RehearsalHost& host) {
    constexpr std::size_t kStack = 64U << 10;
    watched_host = &host;
    stack_t stack{};
    stack.ss_sp = std::malloc(kStack);
    stack.ss_size = kStack;
    ::sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_sigaction = explain_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigaction(SIGSEGV, &action, nullptr);
    ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

void borrowed_text_has_an_end(Rehearsal& rehearsal) {
    explain_faults(rehearsal.host);
    rehearsal.host.borrowed = Borrowed::fenced;
    rehearsal.whole_life();
}

void nothing_is_kept(Rehearsal& rehearsal) {
    explain_faults(rehearsal.host);
    rehearsal.host.watched = {Watch::stale_call};
    rehearsal.host.borrowed = Borrowed::taken_back;
    rehearsal.whole_life();
}

}  // namespace qwen::host::plugin::check
