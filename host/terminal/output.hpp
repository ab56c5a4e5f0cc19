// The one place that writes to a descriptor of the user's.
#pragma once

#include <string_view>

#include "core/base/result.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

/// How writing ended. A reader that went away (EPIPE) is no error: `qwen … | head` is ordinary use.
enum class WriteOutcome : std::uint8_t { written, reader_gone };

/// Writes all of `text`, waiting when the descriptor is not ready. SIGPIPE must be ignored. Errors: storage_failed (disk full, closed descriptor).
[[nodiscard]] Result<WriteOutcome> write_all(int fd, std::string_view text);

/// From now on everything on standard output or standard error, where that is a terminal, goes through in_ascii(): it is not in UTF-8. Called before any thread.
void write_ascii_to_terminals(const TerminalFacts& terminal);

/// Whether standard output is such a terminal.
[[nodiscard]] bool stdout_is_ascii();

/// Errors: as write_all.
[[nodiscard]] Result<WriteOutcome> write_to_stdout(std::string_view text);
/// Writes to standard error; there is nobody to tell when that fails.
void write_to_stderr(std::string_view text);

}  // namespace qwen::host
