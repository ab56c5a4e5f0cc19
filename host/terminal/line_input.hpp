// One line from the person at the terminal, shown or hidden, given up at once when the user presses Ctrl-C.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"

namespace qwen::host {

/// Reads from `fd` to the end of the line, at most 64 KiB; what is typed is seen, also under an UnseenTyping. nullopt: the input ended before anything was typed. Errors: cancelled.
[[nodiscard]] Result<std::optional<std::string>> read_line(int fd, const Context& context);

/// The same without echo. `question` is written to standard error when the echo is off, so that nobody who types at once is seen. What was pasted is trimmed of white space and one pair of quotes around it. The terminal is as before when it returns, also when the process
/// is stopped by a signal while it waits (restore_terminal).
[[nodiscard]] Result<std::optional<Secret>> read_hidden_line(int fd, std::string_view question, const Context& context);

/// While it lives, a death by signal leaves the terminal as it was when this was made; inside another one, as it was when that was made.
class SavedTerminal {
public:
    /// `farewell` is written to `fd` before (a mode of the terminal to switch off); it outlives the object.
    SavedTerminal(int fd, std::string_view farewell);
    ~SavedTerminal();
    SavedTerminal(const SavedTerminal&) = delete;
    SavedTerminal& operator=(const SavedTerminal&) = delete;

private:
    bool is_outermost_ = false;
    std::string_view outer_farewell_;
};

/// While it lives, what is typed is neither echoed nor edited by the terminal: it waits, key by key, for the editor that reads next, and does not end up in the
/// middle of an answer. Ctrl-C is a signal still. Does nothing where `fd` is no terminal. A death by signal is as under SavedTerminal.
class UnseenTyping {
public:
    explicit UnseenTyping(int fd, std::string_view farewell = {});
    ~UnseenTyping();
    UnseenTyping(const UnseenTyping&) = delete;
    UnseenTyping& operator=(const UnseenTyping&) = delete;

private:
    SavedTerminal saved_;
    int fd_;
    std::optional<termios> before_;
};

/// Gives back what a hidden input or a SavedTerminal keeps. Async-signal-safe.
void restore_terminal() noexcept;

/// For the handler of SIGTSTP: stops the process with the terminal given back, and takes it again, as it was when it was stopped, when the process goes on.
void stop_until_continued() noexcept;
/// Whether that has happened since it was asked last: what is on the screen is another program's.
[[nodiscard]] bool was_stopped();

}  // namespace qwen::host
