// What the three standard streams are, and what may be drawn on them.
#pragma once

#include <cstdint>

#include "core/system/environment.hpp"

namespace qwen::host {

enum class ColorChoice : std::uint8_t { automatic, always, never };

/// Facts about this process's streams at start-up.
struct TerminalFacts {
    bool stdin_is_terminal = false;
    bool stdout_is_terminal = false;
    bool stderr_is_terminal = false;
    /// TERM is "dumb" or not set: nothing may be redrawn.
    bool is_dumb = true;
    /// The locale's character set is UTF-8, or it names none and the terminal says that it is (termios' IUTF8); else everything is shown in ASCII.
    bool is_utf8 = false;
    unsigned columns = 80;

    /// A person can be asked: questions go to standard error, answers come from standard input.
    [[nodiscard]] bool can_ask() const { return stdin_is_terminal && stderr_is_terminal; }
    /// A line on standard error may be drawn over.
    [[nodiscard]] bool can_redraw() const { return stderr_is_terminal && !is_dumb; }

    [[nodiscard]] static TerminalFacts detect(const system::Environment& environment);
};

/// The width of the terminal behind `fd` as it is now; 0: not known.
[[nodiscard]] unsigned columns_now(int fd);
/// The same for its height.
[[nodiscard]] unsigned rows_now(int fd);

/// The order: the user's choice, NO_COLOR (set and not empty: off), CLICOLOR_FORCE (set and not "0": on), TERM=dumb, whether the stream is a terminal.
[[nodiscard]] bool use_color(bool stream_is_terminal, bool is_dumb, ColorChoice choice, const system::Environment& environment);

}  // namespace qwen::host
