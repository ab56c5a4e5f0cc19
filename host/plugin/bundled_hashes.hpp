// The SHA-256 of the plugins that were built with this program. Generated at build time, after the plugins and before the program.
#pragma once

#include <string_view>

namespace qwen::host::plugin {

/// `sha256` in lower-case hexadecimal.
[[nodiscard]] bool is_bundled_hash(std::string_view sha256);

}  // namespace qwen::host::plugin
