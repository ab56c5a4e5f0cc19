// JSON for scripts: one object with "schema" for each command, the same for errors.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/base/error.hpp"

namespace qwen::host {

/// One line of JSON with a newline. Characters that could steer a terminal are escaped, so the line may be shown on one.
[[nodiscard]] std::string json_line(const nlohmann::ordered_json& value);
/// {"code", "message", "hint", "where", "exit_code"}; hint and where only when there is one.
[[nodiscard]] nlohmann::ordered_json json_error(const Error& error);
/// {"schema": 1, "ok": true}
[[nodiscard]] nlohmann::ordered_json json_success();
/// {"schema": 1, "ok": false, "error": …}
[[nodiscard]] nlohmann::ordered_json json_failure(const Error& error);

}  // namespace qwen::host
