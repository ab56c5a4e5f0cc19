// AWS Signature Version 4: the Authorization header of a request. Pure; digests are the caller's, so a test can bring its own.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signing_cpp {

using Digest = std::array<std::uint8_t, 32>;

struct Digests {
    std::function<Digest(std::string_view bytes)> sha256;
    std::function<Digest(std::string_view key, std::string_view bytes)> hmac_sha256;
};

struct AccessKey {
    std::string_view id;
    std::string_view secret;
};

struct Scope {
    std::string_view region;
    std::string_view service;
    std::string_view time;  ///< "20150830T123600Z", also sent as x-amz-date
};

struct SignedRequest {
    std::string_view method;
    std::string_view path;   ///< as it is sent; "/" for none
    std::string_view query;  ///< as it is sent, without the question mark
    /// What is signed, "host" and "x-amz-date" included; names in lower case, in any order.
    std::vector<std::pair<std::string, std::string>> headers;
    Digest body_sha256{};
};

/// "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..."
[[nodiscard]] std::string authorization_header(const Digests& digests, const AccessKey& key, const Scope& scope, SignedRequest request);

/// Milliseconds since 1970 as "20150830T123600Z".
[[nodiscard]] std::string basic_time(std::int64_t utc_ms);

}  // namespace signing_cpp
