// What may be sent as an API key.
//
// A key goes into a header verbatim, so a line break in it would be a second header (the HTTP library writes what it is given), and a
// typographic quote or a zero-width space picked up by copying would be a 401 nobody can explain. Both are refused here, by name.
#pragma once

#include <string_view>

namespace openai_compat {

/// Without the spaces, line breaks and matching quotes around it that come with pasting or with a command's output.
[[nodiscard]] std::string_view trim_key(std::string_view text);

/// Empty: the key can be sent. Otherwise what is wrong, without any part of the key.
[[nodiscard]] std::string_view key_defect(std::string_view key);

}  // namespace openai_compat
