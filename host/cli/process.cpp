#include "host/cli/process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "host/terminal/line_input.hpp"

namespace qwen::host {
namespace {

constexpr suseconds_t kGraceMicroseconds = 80'000;

/// A signal handler has no other way to find them.
std::atomic<CancellationSource*> g_cancellation{nullptr};
std::atomic<int> g_received{0};

void on_stop_signal(int signal) {
    int none = 0;
    if (!g_received.compare_exchange_strong(none, signal)) die_of_signal(signal);
    if (auto* const source = g_cancellation.load(); source != nullptr) source->cancel();
    // Whatever does not look at the cancellation (a resolver, a plugin) may not keep the user waiting.
    const itimerval grace{{0, 0}, {0, kGraceMicroseconds}};
    ::setitimer(ITIMER_REAL, &grace, nullptr);
}

void on_grace_over(int) { die_of_signal(g_received.load()); }

void install(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigfillset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

void protect_process_memory() noexcept {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

SignalGuard::SignalGuard(CancellationSource& cancellation) {
    g_received = 0;
    g_cancellation = &cancellation;
    install(SIGPIPE, SIG_IGN);
    install(SIGALRM, on_grace_over);
    // A process started in the background of a script ignores SIGINT; that is kept.
    struct sigaction before {};
    ::sigaction(SIGINT, nullptr, &before);
    if (before.sa_handler != SIG_IGN) install(SIGINT, on_stop_signal);
    install(SIGTERM, on_stop_signal);
    // So does one under nohup.
    ::sigaction(SIGHUP, nullptr, &before);
    if (before.sa_handler != SIG_IGN) install(SIGHUP, on_stop_signal);
}

SignalGuard::~SignalGuard() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGALRM}) install(signal, SIG_DFL);
    g_cancellation = nullptr;
}

int SignalGuard::received() noexcept { return g_received.load(); }

void die_of_signal(int signal) noexcept {
    restore_terminal();
    ::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    ::raise(signal);
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::_exit(128 + signal);
}

}  // namespace qwen::host
