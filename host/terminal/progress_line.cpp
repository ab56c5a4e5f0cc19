#include "host/terminal/progress_line.hpp"

#include <csignal>

#include "host/terminal/output.hpp"

namespace qwen::host {
namespace {

constexpr std::chrono::milliseconds kDelay{400};

/// Signals are the main thread's: a system call interrupted here would wake nobody.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

ProgressLine::ProgressLine(std::string text, const TerminalFacts& terminal, bool plain)
    : text_(std::move(text)), redraws_(terminal.can_redraw() && !plain) {
    if (!terminal.stderr_is_terminal) return;
    // What wraps could not be taken away again.
    if (redraws_ && terminal.columns > 0 && text_.size() >= terminal.columns) text_.resize(terminal.columns - 1);
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { show_when_due(); });
}

ProgressLine::~ProgressLine() { stop(); }

void ProgressLine::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    stopping_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void ProgressLine::show_when_due() {
    std::unique_lock lock(mutex_);
    if (stopping_.wait_for(lock, kDelay, [this] { return stopped_; })) return;
    write_to_stderr(redraws_ ? "\r" + text_ : text_ + "\n");
    stopping_.wait(lock, [this] { return stopped_; });
    if (redraws_) write_to_stderr("\r\033[K");
}

}  // namespace qwen::host
