#include "host/terminal/line_input.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "host/terminal/output.hpp"

namespace qwen::host {
namespace {

constexpr std::size_t kMaxLine = 64u << 10;

/// The settings to go back to; written before the flag is raised, read by a signal handler after it.
termios g_saved_settings;
std::atomic<int> g_hidden_fd{-1};
std::string_view g_farewell;
std::atomic<bool> g_was_stopped{false};

class EchoOff {
public:
    explicit EchoOff(int fd) : saved_(fd, {}), fd_(fd) {
        termios hidden{};
        if (::tcgetattr(fd, &hidden) != 0) return;
        before_ = hidden;
        hidden.c_lflag &= static_cast<tcflag_t>(~ECHO);
        hidden.c_lflag |= ICANON | ECHONL;
        ::tcsetattr(fd, TCSAFLUSH, &hidden);
    }
    ~EchoOff() {
        if (before_) ::tcsetattr(fd_, TCSANOW, &*before_);
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

private:
    SavedTerminal saved_;
    int fd_;
    std::optional<termios> before_;
};

/// The terminal echoes, and hands over whole lines that it has let the person edit.
constexpr tcflag_t kLineMode = ECHO | ICANON;

/// For a question in the middle of something that hides what is typed.
class LineMode {
public:
    explicit LineMode(int fd) : fd_(fd) {
        termios settings{};
        if (::tcgetattr(fd, &settings) != 0 || (settings.c_lflag & kLineMode) == kLineMode) return;
        before_ = settings;
        settings.c_lflag |= kLineMode;
        ::tcsetattr(fd, TCSADRAIN, &settings);
    }
    ~LineMode() {
        if (before_) ::tcsetattr(fd_, TCSADRAIN, &*before_);
    }
    LineMode(const LineMode&) = delete;
    LineMode& operator=(const LineMode&) = delete;

private:
    int fd_;
    std::optional<termios> before_;
};

/// Waits for input or cancellation.
Result<void> wait_readable(int fd, const Context& context) {
    while (true) {
        pollfd entries[] = {{fd, POLLIN, 0}, {context.cancellation_fd(), POLLIN, 0}};
        const int count = ::poll(entries, 2, -1);
        if (context.cancelled()) return cancelled_error();
        if (count > 0 && entries[0].revents != 0) return {};
        if (count < 0 && errno != EINTR) return Error{ErrorCode::internal, "waiting for input failed", {}, std::nullopt};
    }
}

/// A byte at a time, so that nothing behind the line is taken from whoever reads next.
Result<bool> read_into(int fd, std::string& line, const Context& context) {
    while (line.size() < kMaxLine) {
        QWEN_CHECK(wait_readable(fd, context));
        char byte = 0;
        const ssize_t count = ::read(fd, &byte, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return !line.empty();
        if (byte == '\n') return true;
        line += byte;
    }
    return true;
}

std::string_view without_quotes(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front()) text = text.substr(1, text.size() - 2);
    return text;
}

}  // namespace

void restore_terminal() noexcept {
    const int fd = g_hidden_fd.exchange(-1, std::memory_order_acq_rel);
    if (fd < 0) return;
    if (!g_farewell.empty()) static_cast<void>(!::write(fd, g_farewell.data(), g_farewell.size()));
    ::tcsetattr(fd, TCSANOW, &g_saved_settings);
}

void stop_until_continued() noexcept {
    const int fd = g_hidden_fd.load(std::memory_order_acquire);
    termios now{};
    const bool is_changed = fd >= 0 && ::tcgetattr(fd, &now) == 0;
    if (is_changed) {
        if (!g_farewell.empty()) static_cast<void>(!::write(fd, g_farewell.data(), g_farewell.size()));
        ::tcsetattr(fd, TCSANOW, &g_saved_settings);
    }
    ::raise(SIGSTOP);
    if (is_changed) ::tcsetattr(fd, TCSANOW, &now);
    g_was_stopped.store(true, std::memory_order_release);
}

bool was_stopped() { return g_was_stopped.exchange(false, std::memory_order_acq_rel); }

SavedTerminal::SavedTerminal(int fd, std::string_view farewell) {
    if (g_hidden_fd.load(std::memory_order_acquire) >= 0) {
        // The outer one has the settings to go back to.
        outer_farewell_ = std::exchange(g_farewell, farewell.empty() ? g_farewell : farewell);
        return;
    }
    if (::tcgetattr(fd, &g_saved_settings) != 0) return;
    is_outermost_ = true;
    g_farewell = farewell;
    g_hidden_fd.store(fd, std::memory_order_release);
}

SavedTerminal::~SavedTerminal() {
    // Whoever changed the settings has put them back.
    if (is_outermost_) g_hidden_fd.store(-1, std::memory_order_release);
    g_farewell = outer_farewell_;
}

UnseenTyping::UnseenTyping(int fd, std::string_view farewell) : saved_(fd, farewell), fd_(fd) {
    termios settings{};
    if (::tcgetattr(fd, &settings) != 0) return;
    before_ = settings;
    settings.c_lflag &= ~kLineMode;
    ::tcsetattr(fd, TCSADRAIN, &settings);
}

UnseenTyping::~UnseenTyping() {
    if (before_) ::tcsetattr(fd_, TCSADRAIN, &*before_);
}

Result<std::optional<std::string>> read_line(int fd, const Context& context) {
    const LineMode line_mode(fd);
    std::string line;
    QWEN_TRY(const bool any, read_into(fd, line, context));
    if (!any) return std::optional<std::string>{};
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return std::optional<std::string>{std::move(line)};
}

Result<std::optional<Secret>> read_hidden_line(int fd, std::string_view question, const Context& context) {
    const EchoOff echo_off(fd);
    write_to_stderr(question);
    std::string line;
    line.reserve(4096);  // no reallocation leaves a copy of an ordinary key behind
    const auto any = read_into(fd, line, context);
    std::optional<Secret> secret;
    if (any && *any) secret.emplace(without_quotes(line));
    wipe(line);
    if (!any) return any.error();
    return secret;
}

}  // namespace qwen::host
