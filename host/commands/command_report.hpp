// How a command says what it found: text on standard output, or one JSON object; errors in the same form, with the same exit status.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "host/cli/options.hpp"

namespace qwen::host {

/// What every command needs to speak. A value.
struct Speech {
    OutputFormat output = OutputFormat::text;
    bool color_on_stderr = false;
};

/// Writes `text`, which ends its own lines, to standard output. Returns the exit status: 0, also when the reader went away, or that of the write error.
[[nodiscard]] int say(const Speech& speech, std::string_view text);
/// `text` or `json`, whichever was asked for.
[[nodiscard]] int say(const Speech& speech, std::string_view text, const nlohmann::ordered_json& json);
/// The error, on standard error (text) or standard output (JSON); returns its exit status.
[[nodiscard]] int say_error(const Speech& speech, const Error& error);

}  // namespace qwen::host
