// What the model's server means by an answer that is no success: a token to renew, a pace to keep, a quota that is gone.
#pragma once

#include <cstdint>
#include <string_view>

namespace qwen_oauth {

enum class Meaning : std::uint8_t { pass, token_refused, rate_limited, quota_exhausted };

/// `body_start` may be cut anywhere and need not be JSON.
[[nodiscard]] Meaning read_api_answer(std::uint32_t status, std::string_view body_start);

}  // namespace qwen_oauth
