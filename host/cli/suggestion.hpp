// "did you mean": the known name nearest to a misspelt one.
#pragma once

#include <span>
#include <string_view>

namespace qwen::host {

/// The candidate with the smallest edit distance (insert, delete, replace, swap of neighbours), at most a third of the name's length and at most 3; empty when none is near.
[[nodiscard]] std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace qwen::host
