// What the checks found, for people and for programs.
#pragma once

#include <string>

#include "host/plugin/check/check_run.hpp"

namespace qwen::host::plugin::check {

[[nodiscard]] bool has_failed(const std::vector<CheckOutcome>& outcomes);
/// One line for each rule, with what to do under what failed; `with_trace`: the last calls too.
[[nodiscard]] std::string report_text(const std::string& path, const std::vector<CheckOutcome>& outcomes, std::uint64_t seed,
                                      bool with_trace);
[[nodiscard]] std::string report_json(const std::string& path, const std::vector<CheckOutcome>& outcomes, std::uint64_t seed);
/// docs/plugins/rules.md, but for its first lines.
[[nodiscard]] std::string rules_page();

}  // namespace qwen::host::plugin::check
