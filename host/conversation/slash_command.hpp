// The commands inside a conversation: one table for reading them, for /help and for completion.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace qwen::host {

enum class SlashCommand : std::uint8_t { auth, model, status, config, clear, help, quit };

struct SlashRow {
    SlashCommand command;
    std::string_view word;      ///< "/auth"
    std::string_view operand;   ///< "[PROVIDER]"; empty: takes none
    std::string_view summary;
};

/// In the order of /help.
[[nodiscard]] std::span<const SlashRow> slash_table();

struct SlashLine {
    SlashCommand command;
    std::string operand;  ///< without white space around it; empty: none
};

/// A line of a conversation is a command when it begins with a slash and a letter ("/etc/passwd is …" has a second slash: a question).
[[nodiscard]] bool is_slash_line(std::string_view line);
/// Errors: usage, with the nearest command.
[[nodiscard]] Result<SlashLine> parse_slash_line(std::string_view line);
/// The commands that begin with `start`.
[[nodiscard]] std::vector<std::string_view> slash_completions(std::string_view start);
/// What the history keeps of a line: a question whole, of a command the word alone. What is typed behind it may be a key that belongs somewhere else.
[[nodiscard]] std::string remembered_form(std::string_view line);
/// For a terminal of so many columns; 0: not known.
[[nodiscard]] std::string slash_help(unsigned columns);

}  // namespace qwen::host
