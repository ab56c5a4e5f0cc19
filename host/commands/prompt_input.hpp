// What is asked: the prompt of the command line, standard input, or both with an empty line between them.
#pragma once

#include <optional>
#include <string>

#include "core/base/context.hpp"

namespace qwen::host {

inline constexpr std::size_t kMaxStandardInput = 16u << 20;

/// Reads `fd` to its end. Errors: usage (longer than kMaxStandardInput, or not UTF-8 text), cancelled.
[[nodiscard]] Result<std::string> read_standard_input(int fd, const Context& context);

/// The prompt to send. `prompt` is Options::prompt; `piped` is what standard input held, nullopt when it is a terminal and was not read.
/// Errors: usage, when nothing is left to ask.
[[nodiscard]] Result<std::string> assemble_prompt(const std::optional<std::string>& prompt, const std::optional<std::string>& piped);

}  // namespace qwen::host
