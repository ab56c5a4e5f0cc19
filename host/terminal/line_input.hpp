// One line from the person at the terminal, shown or hidden, given up at once when the user presses Ctrl-C.
#pragma once

#include <optional>
#include <string>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"

namespace qwen::host {

/// Reads from `fd` to the end of the line, at most 64 KiB. nullopt: the input ended before anything was typed. Errors: cancelled.
[[nodiscard]] Result<std::optional<std::string>> read_line(int fd, const Context& context);

/// The same without echo; what was pasted is trimmed of white space and one pair of quotes around it. The terminal is as before when it returns, also when the process
/// is stopped by a signal while it waits (restore_terminal).
[[nodiscard]] Result<std::optional<Secret>> read_hidden_line(int fd, const Context& context);

/// Gives the echo back when a hidden input is going on. Async-signal-safe.
void restore_terminal() noexcept;

}  // namespace qwen::host
