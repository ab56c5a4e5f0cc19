// SHA-256, HMAC-SHA-256 and the text forms they travel in (FIPS 180-4, RFC 2104, RFC 4648). Nettle does the work (decision 0010).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace qwen::system {

using Sha256Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256Digest sha256(std::string_view bytes);
[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes);
/// Lower-case hexadecimal.
[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::string hex(const Sha256Digest& digest);
/// Base64url without padding (RFC 4648 section 5).
[[nodiscard]] std::string base64url(std::string_view bytes);

}  // namespace qwen::system
