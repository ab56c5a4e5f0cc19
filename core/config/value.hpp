// The text of a value, understood as its type. One place, so that a flag, a variable and a file accept the same spellings.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/setting.hpp"

namespace qwen::config {

/// true, yes, on, 1 / false, no, off, 0, without regard to case; nullopt for anything else.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
/// "500ms", "10s", "2m", "1h"; a number alone is seconds. At most 24 hours.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The elements of a text_list: a JSON array of strings (what a list in TOML becomes), or, when the text is none, what stands between commas, without the
/// spaces around it. An element that itself holds a comma needs the first form. Empty elements are left out.
[[nodiscard]] std::vector<std::string> parse_text_list(std::string_view text);
/// The first form; never fails.
[[nodiscard]] std::string text_list_of(const std::vector<std::string>& elements);

/// What is wrong with a value ("is not a duration like 10s"), without the value; nullopt when it fits.
[[nodiscard]] std::optional<std::string> problem_with(const Setting& setting, std::string_view value);

}  // namespace qwen::config
