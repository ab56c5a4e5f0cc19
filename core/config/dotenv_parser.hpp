// Takes a .env file apart. The grammar is that of node's dotenv package, because users share the file with programs that use it: `export `, comments,
// three kinds of quotes, `\n` only in double quotes, values over several lines in quotes, the last duplicate wins, no expansion of any kind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/secret.hpp"

namespace qwen::config {

struct DotenvEntry {
    std::string name;
    Secret value;
    std::uint32_t line = 0;  ///< counts from 1
};

/// In the order of the file. Errors (dotenv_refused, with path and line, never a value): NUL, ill-formed UTF-8, a quote that does not end, more than
/// 256 entries. Lines that assign nothing are skipped.
[[nodiscard]] Result<std::vector<DotenvEntry>> parse_dotenv(std::string_view text, const std::string& path);

}  // namespace qwen::config
