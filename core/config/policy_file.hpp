// Reads the policy, or fails closed: whatever is there but cannot be understood or trusted is policy_invalid, never "no policy".
#pragma once

#include <filesystem>
#include <string_view>

#include "core/config/policy.hpp"

namespace qwen::config {

/// Where the policy is. What is shipped is compiled in: no flag, variable or file moves it; tests pass their own.
struct PolicyPlaces {
    std::filesystem::path file = "/etc/qwen/policy.toml";
    std::filesystem::path directory = "/etc/qwen/policy.d";
    unsigned owner = 0;
};

/// The file, then every *.toml of the directory in lexical order. Neither there: an empty policy. Files, directories and all above them must belong
/// to the owner (or root), be writable by nobody else and be no symbolic links.
/// Errors (policy_invalid, with the place): the above, unreadable, not TOML, unknown key, wrong type or value, a schema this program does not know.
[[nodiscard]] Result<Policy> load_policy(const PolicyPlaces& places);

/// One file's text added to `policy`, for load_policy and `qwen policy lint`. Errors: as load_policy.
[[nodiscard]] Result<void> add_policy_text(Policy& policy, std::string_view text, const std::string& shown_as);

}  // namespace qwen::config
