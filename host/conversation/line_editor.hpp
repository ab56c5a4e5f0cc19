// One line from the person in a conversation: editing, history, completion of slash commands, and pastes of several lines.
//
// libedit does the editing. It is opened when a conversation begins, so that no other run waits for it; where it is missing, or the terminal cannot move its
// cursor, lines are read as the terminal gives them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/base/context.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

class LineEditor {
public:
    enum class Outcome : std::uint8_t {
        line,
        interrupted,  ///< Ctrl-C: the line was given up
        ended,        ///< Ctrl-D on an empty line, or the terminal is gone
    };
    struct Input {
        Outcome outcome = Outcome::ended;
        std::string text;  ///< for `line`: without the final line break
    };

    virtual ~LineEditor() = default;
    /// Waits for a line; `prompt` has no control characters. `context` is cancelled by Ctrl-C.
    [[nodiscard]] virtual Input read(const std::string& prompt, const Context& context) = 0;
    /// Whether what is typed between two reads is on the screen at the next one, so that the terminal need not echo it.
    [[nodiscard]] virtual bool shows_what_was_typed() const = 0;
    /// Puts a line into the history and its file. Lines of several lines stay one entry.
    virtual void remember(const std::string& line) = 0;

    /// `history` is made 0600 when it is written; empty: nothing is kept beyond the conversation.
    [[nodiscard]] static std::unique_ptr<LineEditor> open(const TerminalFacts& terminal, const std::filesystem::path& history);
};

}  // namespace qwen::host
