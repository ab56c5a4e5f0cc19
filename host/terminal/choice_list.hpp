// One of several: a list with arrows, numbers and a filter on a terminal that can be drawn on, a numbered question on any other.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/context.hpp"
#include "host/terminal/key_input.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

struct Choice {
    std::string label;
    std::string detail;
    /// Why it cannot be chosen, shown in place of `detail`; empty: it can.
    std::string refusal{};
};

struct ChoiceQuestion {
    std::string title;
    std::vector<Choice> choices;
    std::size_t initial = 0;
    /// Names with digits in them are filtered by digits.
    enum class Digits : std::uint8_t { select, filter } digits = Digits::select;
};

/// The state behind the list, without a terminal. Not thread-safe.
class ChoiceList {
public:
    enum class Outcome : std::uint8_t { open, chosen, cancelled };

    explicit ChoiceList(ChoiceQuestion question);
    /// Enter chooses what is marked, unless nothing matches the filter; Esc, or Ctrl-D without a filter, cancels.
    [[nodiscard]] Outcome press(const Key& key);
    /// What is marked, as an index of the question's choices; nullopt: nothing can be chosen.
    [[nodiscard]] std::optional<std::size_t> current() const;
    /// The whole frame for a terminal of this size: no line reaches the last column, and there are fewer lines than rows.
    [[nodiscard]] std::vector<std::string> lines(std::size_t columns, std::size_t rows) const;

private:
    void move(int by);
    void filter_again();
    [[nodiscard]] std::string row_text(std::size_t shown, std::size_t columns, std::size_t label_cells) const;

    ChoiceQuestion question_;
    std::string filter_;
    std::vector<std::size_t> shown_;
    std::size_t marked_ = 0;  ///< index of shown_
};

/// The choices that match: every word of `filter`, whatever the case, stands in label or detail.
[[nodiscard]] std::vector<std::size_t> matching_choices(const std::vector<Choice>& choices, std::string_view filter);

/// Asks on standard error. nullopt: the person went back, or there is nobody to ask. Nothing of the list stays on the screen. Errors: cancelled (Ctrl-C).
[[nodiscard]] Result<std::optional<std::size_t>> ask_choice(const ChoiceQuestion& question, const TerminalFacts& terminal, const Context& context);

}  // namespace qwen::host
