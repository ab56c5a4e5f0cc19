// Reads what a vendor means by an answer that is not a success.
//
// One status means different things: 429 is "slow down" or "your money is gone", 403 is a bad key or a moderated prompt, 400 at
// DashScope can be an unpaid bill. Retrying the wrong one costs the user minutes, so the body's code decides before the status does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/openai_compat/vendor.hpp"

namespace openai_compat {

enum class Meaning : unsigned char { pass, key_refused, rate_limited, quota_exhausted, fatal };

struct Answer {
    Meaning meaning = Meaning::pass;
    std::string text;  ///< for people; empty for pass
};

/// `body_start` may be cut anywhere and need not be JSON. Throws nothing but std::bad_alloc.
[[nodiscard]] Answer read_answer(Vendor vendor, std::uint32_t status, std::string_view body_start);

}  // namespace openai_compat
