// One line that a person types or pastes in answer to a question; a secret is shown as dots unless they ask to see it.
#pragma once

#include <optional>
#include <string>

#include "core/base/context.hpp"
#include "core/base/secret.hpp"
#include "host/terminal/key_input.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

struct EntryQuestion {
    enum class Kind : std::uint8_t { text, secret };
    std::string label;
    Kind kind = Kind::text;
    /// What Enter alone means; empty: for a text nothing is accepted but text.
    std::string suggestion{};
    /// Enter alone is an answer: the empty one.
    bool may_be_empty = false;
};

/// The state behind the field, without a terminal; what was typed is wiped with it. Not thread-safe.
class EntryField {
public:
    enum class Outcome : std::uint8_t { open, done, cancelled };

    explicit EntryField(EntryQuestion question);
    ~EntryField() { wipe(text_); }
    EntryField(const EntryField&) = delete;
    EntryField& operator=(const EntryField&) = delete;

    /// Enter ends it, Esc cancels, Ctrl-R shows or hides a secret, Ctrl-U empties. A pasted line break is part of the text.
    [[nodiscard]] Outcome press(const Key& key);
    /// What was entered, the suggestion when that is nothing, as typed: nothing is trimmed.
    [[nodiscard]] Secret answer() const;
    /// The hint and the line, the cursor's place at its end; no line reaches the last column.
    [[nodiscard]] std::vector<std::string> lines(std::size_t columns) const;
    /// The line as it stays on the screen: of a secret no character.
    [[nodiscard]] std::string closing_line(std::size_t columns) const;

private:
    [[nodiscard]] std::string shown_text() const;

    EntryQuestion question_;
    std::string text_;
    bool shows_secret_ = false;
};

/// Asks on standard error. nullopt: the person went back, or there is nobody to ask. Errors: cancelled (Ctrl-C).
[[nodiscard]] Result<std::optional<Secret>> ask_entry(const EntryQuestion& question, const TerminalFacts& terminal, const Context& context);

}  // namespace qwen::host
