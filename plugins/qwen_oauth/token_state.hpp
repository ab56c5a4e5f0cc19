// The sign-in as it is stored: the JSON of Qwen Code's oauth_creds.json, so that a sign-in made by either program serves both. The host
// keeps the order of the members and those this plugin does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qwen_oauth {

/// Wiped when it goes.
struct TokenState {
    std::string access_token;
    std::string refresh_token;  ///< empty: cannot be renewed
    std::string token_type;
    std::string resource_url;   ///< where the access token serves, as the issuer wrote it; empty: the default
    std::int64_t expiry_date = 0;  ///< milliseconds since 1970; 0: unknown

    TokenState() = default;
    TokenState(TokenState&&) = default;
    TokenState& operator=(TokenState&&) = default;
    TokenState(const TokenState&) = delete;
    TokenState& operator=(const TokenState&) = delete;
    ~TokenState();
};

/// nullopt: not such a JSON object, or without any token.
[[nodiscard]] std::optional<TokenState> parse_token_state(std::string_view json);

/// Members that are empty are left out. The caller wipes the result.
[[nodiscard]] std::string to_json(const TokenState& state);

/// "portal.qwen.ai" -> "https://portal.qwen.ai/v1". Empty for an empty one.
[[nodiscard]] std::string base_url_of(std::string_view resource_url);

}  // namespace qwen_oauth
