// What `qwen doctor` found, as rows: for people, for scripts, and for a file that can be sent to support.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace qwen::host {

/// `warning` and `skipped` are no problem of their own: they do not change the exit status.
enum class FindingVerdict : std::uint8_t { ok, warning, skipped, refused, expired, unreachable, blocked };

struct Finding {
    std::string subject;  ///< "policy", "credential", …; stable, for scripts
    FindingVerdict verdict = FindingVerdict::ok;
    std::string summary;  ///< one line; not sanitised
    std::string remedy;   ///< what to do; empty: nothing
    /// Decides the exit status of a problem.
    ErrorClass problem = ErrorClass::internal;
};

/// A problem made of an error: blocked by policy, expired, unreachable, or else refused.
[[nodiscard]] Finding finding_of(std::string subject, const Error& error);

/// The exit status of the worst problem: policy before configuration before authentication before the network before the rest; 0 without one.
[[nodiscard]] int worst_exit_status(const std::vector<Finding>& findings);

/// One line for each finding, its remedy below it, and a line that counts.
[[nodiscard]] std::string findings_text(const std::vector<Finding>& findings);
/// {"schema", "ok", "exit_code", "findings": [{"subject", "verdict", "summary", "remedy"}]}
[[nodiscard]] nlohmann::ordered_json findings_json(const std::vector<Finding>& findings);

}  // namespace qwen::host
