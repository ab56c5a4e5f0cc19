// application/x-www-form-urlencoded as Qwen Code writes it: what encodeURIComponent leaves alone stays, everything else is %XX, a space
// too. Fields keep their order, so a request can be compared byte by byte.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace qwen_oauth {

/// For one component; `text` is UTF-8.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// "a=1&b=2". Values may be credentials: the caller wipes the result.
[[nodiscard]] std::string form_encoded(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

}  // namespace qwen_oauth
