// Signatures of files in the format of minisign (https://jedisct1.github.io/minisign/): Ed25519 over the file, or over its BLAKE2b-512 digest, and a second signature
// over the first one and its comment.
//
// Only verified here; whoever signs uses minisign itself. The arithmetic is OpenSSL's, opened at the first signature (decision 0024).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace qwen::system {

/// A public key.
struct MinisignKey {
    std::array<std::uint8_t, 8> id{};
    std::array<std::uint8_t, 32> point{};
    /// As minisign shows it: 16 upper-case hexadecimal digits.
    [[nodiscard]] std::string name() const;
};

/// The line of a .pub file that begins with "RW". Errors: config_invalid.
[[nodiscard]] Result<MinisignKey> parse_minisign_key(std::string_view text);

struct MinisignSigner {
    std::string key;      ///< MinisignKey::name
    std::string comment;  ///< the trusted comment; untrusted as text: whoever signed wrote it
};

/// Whether one of `keys` made `signature` (the text of a .minisig file) over `content`. Errors (plugin_refused): no signature file of this form, made by another
/// key, or it does not fit the content or its comment; internal when OpenSSL cannot be opened.
[[nodiscard]] Result<MinisignSigner> verify_minisign(std::string_view content, std::string_view signature, std::span<const MinisignKey> keys);

}  // namespace qwen::system
