// An error, for the person at the terminal: what happened and where, then what can be done about it.
#pragma once

#include <string>

#include "core/base/error.hpp"

namespace qwen::host {

/// "qwen: what happened (where)\n" and, with a hint, "  try: …\n"; further lines of the hint are indented. Everything is sanitised, since parts
/// of it may come from a server.
[[nodiscard]] std::string error_text(const Error& error, bool color);

/// "qwen: text\n", for notices and warnings; one line whatever `text` holds.
[[nodiscard]] std::string notice_text(std::string_view text);

}  // namespace qwen::host
