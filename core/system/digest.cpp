#include "core/system/digest.hpp"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>

namespace qwen::system {
namespace {

const std::uint8_t* data_of(std::string_view bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

}  // namespace

Sha256Digest sha256(std::string_view bytes) {
    sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, bytes.size(), data_of(bytes));
    Sha256Digest digest;
    sha256_digest(&context, digest.size(), digest.data());
    return digest;
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes) {
    hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key.size(), data_of(key));
    hmac_sha256_update(&context, bytes.size(), data_of(bytes));
    Sha256Digest digest;
    hmac_sha256_digest(&context, digest.size(), digest.data());
    return digest;
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

std::string hex(const Sha256Digest& digest) { return hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size())); }

std::string base64url(std::string_view bytes) {
    base64_encode_ctx context;
    base64url_encode_init(&context);
    std::string text(BASE64_ENCODE_LENGTH(bytes.size()) + BASE64_ENCODE_FINAL_LENGTH, '\0');
    std::size_t length = base64_encode_update(&context, text.data(), bytes.size(), data_of(bytes));
    length += base64_encode_final(&context, text.data() + length);
    text.resize(length);
    while (text.ends_with('=')) text.pop_back();
    return text;
}

}  // namespace qwen::system
