// What reached the server, for tests to look at. Secrets are kept as hashes only, so that a log may be shown.
#pragma once

#include "tests/loopback_provider/http_message.hpp"

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>

namespace loopback {

/// "sha256:" and the first 16 hexadecimal digits.
[[nodiscard]] std::string fingerprint(std::string_view secret);

/// SHA-256 as base64url without padding, as PKCE's S256 wants it (RFC 7636 section 4.2).
[[nodiscard]] std::string s256(std::string_view verifier);

class RequestLog {
public:
    /// Keeps the last 2,000 requests; bodies are cut after 64 KiB, their size is kept.
    void add(const HttpRequest& request);
    void clear() { entries_.clear(); }
    [[nodiscard]] nlohmann::json to_json() const;

    // Counters a test or a benchmark asks for.
    std::uint64_t requests = 0;
    std::uint64_t chats = 0;
    std::uint64_t token_calls = 0;
    std::uint64_t refresh_replays = 0;  ///< a refresh token that was used a second time
    std::uint64_t connections = 0;
    std::uint64_t open_connections = 0;
    std::uint64_t resumptions = 0;  ///< TLS handshakes that took up an earlier session
    std::uint64_t most_open_connections = 0;

private:
    std::deque<nlohmann::json> entries_;
};

}  // namespace loopback
