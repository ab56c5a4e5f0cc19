// JSON from outside: nlohmann-json behind limits it does not have itself.
//
// Include this only in files that build or take apart JSON; headers use <nlohmann/json_fwd.hpp>.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/result.hpp"

namespace qwen {

struct JsonLimits {
    std::size_t max_depth = 64;
    std::size_t max_bytes = 4u << 20;
    /// Of one object: ordered_json finds a key by looking at all before it.
    std::size_t max_members = 1024;
    /// A key that stands twice in one object is an error (credentials, manifests) or the last one wins (answers of servers).
    bool refuse_duplicate_keys = true;
};

/// Parses exactly one JSON text. `what` names it in the error ("credentials file"). Errors: bad_response; the message holds the byte
/// offset and never the text itself.
[[nodiscard]] Result<nlohmann::ordered_json> parse_json(std::string_view text, std::string_view what, const JsonLimits& limits = {});

/// The member as a string, or `fallback` when it is absent, null or of another type.
[[nodiscard]] std::string string_member(const nlohmann::ordered_json& object, std::string_view key, std::string_view fallback = {});

/// Serialises with ill-formed UTF-8 replaced by U+FFFD; never throws.
[[nodiscard]] std::string dump_json(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace qwen
