// The rules a provider has to keep, each with its number, its reason and its check. `qwen plugin check` and docs/plugins/rules.md are made
// of this table.
#pragma once

#include <span>
#include <string_view>

#include "host/plugin/check/rehearsal.hpp"

namespace qwen::host::plugin::check {

struct Rule {
    std::string_view id;     ///< "QP001"; a number is never used again
    std::string_view title;  ///< what a provider does
    std::string_view why;
    std::string_view fix;
    /// Runs in a process of its own and ends it by a word on the board; coming back means passed. Null: the file itself, looked at before
    /// any process.
    void (*check)(Rehearsal&);
    /// How many processes the check takes, one after the other.
    std::size_t parts = 1;
};

/// In the order of their numbers.
[[nodiscard]] std::span<const Rule> rules();
/// Null: there is none of this number.
[[nodiscard]] const Rule* find_rule(std::string_view id);

}  // namespace qwen::host::plugin::check
