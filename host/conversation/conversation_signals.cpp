#include "host/conversation/conversation_signals.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>

#include "host/cli/process.hpp"
#include "host/terminal/line_input.hpp"

namespace qwen::host {
namespace {

/// A signal handler has no other way to find it.
std::atomic<CancellationSource*> g_turn{nullptr};

void on_interrupt(int signal) {
    auto* const source = g_turn.load();
    if (source == nullptr || source->cancelled()) die_of_signal(signal);
    source->cancel();
}

void on_end(int signal) { die_of_signal(signal); }
void on_stop(int) {
    const int error = errno;
    stop_until_continued();
    errno = error;
}
/// Only wakes whoever waits for input.
void on_resize(int) {}

void install_plain(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

ConversationSignals::ConversationSignals(CancellationSource& cancellation) : cancellation_(cancellation) {
    g_turn = &cancellation;
    install_plain(SIGINT, on_interrupt);
    install_plain(SIGTERM, on_end);
    install_plain(SIGHUP, on_end);
    install_plain(SIGWINCH, on_resize);
    install_plain(SIGTSTP, on_stop);
}

ConversationSignals::~ConversationSignals() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP}) install_plain(signal, SIG_DFL);
    g_turn = nullptr;
}

void ConversationSignals::begin_turn() { cancellation_.reset(); }

}  // namespace qwen::host
