// `qwen config explain`: every setting, its value, where it comes from and what it hides. Never a secret.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/configuration.hpp"

namespace qwen::host {

/// What else a person wants to know who asks for every setting: the provider and why (empty: nobody is signed in), the .env file, then the configuration's own notices.
[[nodiscard]] std::vector<config::Notice> explain_notices(const config::Configuration& configuration, std::string_view provider, std::string_view because);

/// A table for people; `key` empty: every setting that has a value or a candidate. Errors: usage, when `key` is unknown.
[[nodiscard]] Result<std::string> explain_text(const config::Resolution& resolution, std::string_view key, std::span<const config::Notice> notices);
[[nodiscard]] Result<nlohmann::ordered_json> explain_json(const config::Resolution& resolution, std::string_view key,
                                                          std::span<const config::Notice> notices);

}  // namespace qwen::host
