#include "plugins/qwen_oauth/pkce.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace qwen_oauth {
namespace {

/// RFC 4648 section 5, without padding.
std::string base64url(const std::array<std::uint8_t, 32>& bytes) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    out.reserve(43);
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        buffer = buffer << 8 | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            out += kAlphabet[buffer >> bits & 63];
        }
    }
    if (bits > 0) out += kAlphabet[buffer << (6 - bits) & 63];
    return out;
}

}  // namespace

ProofKey::~ProofKey() { ::explicit_bzero(verifier.data(), verifier.size()); }

ProofKey make_proof_key(const qwen::plugin::Call& call) {
    std::array<std::uint8_t, 32> bytes{};
    call.random_bytes(bytes.data(), bytes.size());
    ProofKey key;
    key.verifier = base64url(bytes);
    ::explicit_bzero(bytes.data(), bytes.size());
    key.challenge = base64url(call.sha256(key.verifier));
    return key;
}

std::string make_uuid(const qwen::plugin::Call& call) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::array<std::uint8_t, 16> bytes{};
    call.random_bytes(bytes.data(), bytes.size());
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += {kHex[bytes[i] >> 4], kHex[bytes[i] & 15]};
    }
    return out;
}

}  // namespace qwen_oauth
