// What a person pastes or pipes as a key, without what came along with it.
#pragma once

#include <string_view>

#include "core/base/secret.hpp"

namespace qwen::host {

struct TypedKey {
    /// Empty: there was nothing but white space and quotes.
    Secret key;
    /// More than one line break at the end was left out: white space, quotes.
    bool was_changed = false;
    /// Printable ASCII without white space, as every key is.
    bool is_plausible = false;
};

/// Takes white space and one pair of quotes from around the key.
[[nodiscard]] TypedKey tidy_key(std::string_view text);

/// The text without white space around it.
[[nodiscard]] std::string_view without_white_space_around(std::string_view text);

}  // namespace qwen::host
