#include "core/system/minisign.hpp"

#include <dlfcn.h>
#include <nettle/base64.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace qwen::system {
namespace {

constexpr std::string_view kUntrusted = "untrusted comment: ";
constexpr std::string_view kTrusted = "trusted comment: ";
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kDigestBytes = 64;
constexpr std::size_t kHeadBytes = 2 + 8;  // algorithm, key id
constexpr std::size_t kLongestText = 8u << 10;

using Bytes = std::vector<std::uint8_t>;

Error refused(std::string message) { return {ErrorCode::plugin_refused, std::move(message), {}, std::nullopt}; }

/// The functions of libcrypto that are used.
struct Library {
    decltype(&EVP_PKEY_new_raw_public_key) new_key = nullptr;
    decltype(&EVP_PKEY_free) free_key = nullptr;
    decltype(&EVP_MD_CTX_new) new_context = nullptr;
    decltype(&EVP_MD_CTX_free) free_context = nullptr;
    decltype(&EVP_DigestVerifyInit) begin = nullptr;
    decltype(&EVP_DigestVerify) verify = nullptr;
    decltype(&EVP_blake2b512) blake2b = nullptr;
    decltype(&EVP_Digest) digest = nullptr;
    bool complete = false;

    Library() {
        void* const handle = ::dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) return;
        const auto look_up = [&](const char* name, auto& function) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
            return function != nullptr;
        };
        complete = look_up("EVP_PKEY_new_raw_public_key", new_key) && look_up("EVP_PKEY_free", free_key) && look_up("EVP_MD_CTX_new", new_context) &&
                   look_up("EVP_MD_CTX_free", free_context) && look_up("EVP_DigestVerifyInit", begin) && look_up("EVP_DigestVerify", verify) &&
                   look_up("EVP_blake2b512", blake2b) && look_up("EVP_Digest", digest);
    }
};

const Library& library() {
    static const Library opened;
    return opened;
}

std::optional<Bytes> decoded(std::string_view text) {
    base64_decode_ctx context;
    nettle_base64_decode_init(&context);
    Bytes bytes(BASE64_DECODE_LENGTH(text.size()));
    std::size_t size = 0;
    if (nettle_base64_decode_update(&context, &size, bytes.data(), text.size(), text.data()) == 0 || nettle_base64_decode_final(&context) == 0) return std::nullopt;
    bytes.resize(size);
    return bytes;
}

std::string_view take_line(std::string_view& text) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool is_signed(const MinisignKey& key, std::span<const std::uint8_t> content, std::span<const std::uint8_t> signature) {
    const auto& crypto = library();
    const std::unique_ptr<EVP_PKEY, decltype(crypto.free_key)> point(crypto.new_key(EVP_PKEY_ED25519, nullptr, key.point.data(), key.point.size()), crypto.free_key);
    const std::unique_ptr<EVP_MD_CTX, decltype(crypto.free_context)> context(crypto.new_context(), crypto.free_context);
    if (point == nullptr || context == nullptr || crypto.begin(context.get(), nullptr, nullptr, nullptr, point.get()) != 1) return false;
    return crypto.verify(context.get(), signature.data(), signature.size(), content.data(), content.size()) == 1;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

/// A .minisig file, taken apart.
struct Signature {
    bool of_digest = false;
    std::array<std::uint8_t, 8> key{};
    Bytes bytes;    ///< over the content
    Bytes overall;  ///< over `bytes` and the comment
    std::string_view comment;
};

std::optional<Signature> parse(std::string_view text) {
    if (text.size() > kLongestText || !take_line(text).starts_with(kUntrusted)) return std::nullopt;
    auto first = decoded(take_line(text));
    const auto trusted = take_line(text);
    auto second = decoded(take_line(text));
    if (!first || first->size() != kHeadBytes + kSignatureBytes || !trusted.starts_with(kTrusted) || !second || second->size() != kSignatureBytes || !text.empty())
        return std::nullopt;
    Signature signature;
    if ((*first)[0] != 'E' || ((*first)[1] != 'd' && (*first)[1] != 'D')) return std::nullopt;
    signature.of_digest = (*first)[1] == 'D';
    std::copy_n(first->begin() + 2, signature.key.size(), signature.key.begin());
    signature.bytes.assign(first->begin() + kHeadBytes, first->end());
    signature.overall = std::move(*second);
    signature.comment = trusted.substr(kTrusted.size());
    return signature;
}

}  // namespace

std::string MinisignKey::name() const {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (auto byte = id.rbegin(); byte != id.rend(); ++byte) {
        text += kDigits[*byte >> 4];
        text += kDigits[*byte & 15];
    }
    return text;
}

Result<MinisignKey> parse_minisign_key(std::string_view text) {
    MinisignKey key;
    const auto bytes = decoded(text);
    if (!bytes || bytes->size() != kHeadBytes + key.point.size() || (*bytes)[0] != 'E' || (*bytes)[1] != 'd')
        return Error{ErrorCode::config_invalid, "not a public key of minisign (56 characters that begin with \"RW\")", {}, std::nullopt};
    std::copy_n(bytes->begin() + 2, key.id.size(), key.id.begin());
    std::copy_n(bytes->begin() + kHeadBytes, key.point.size(), key.point.begin());
    return key;
}

Result<MinisignSigner> verify_minisign(std::string_view content, std::string_view text, std::span<const MinisignKey> keys) {
    if (!library().complete) return Error{ErrorCode::internal, "signatures cannot be verified: libcrypto.so.3 cannot be opened", "install OpenSSL 3 (libssl3)", std::nullopt};
    const auto signature = parse(text);
    if (!signature) return refused("its signature file is not one of minisign");
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const MinisignKey& own) { return own.id == signature->key; });
    if (key == keys.end()) return refused("it is signed by key " + MinisignKey{signature->key, {}}.name() + ", which is not allowed here");

    std::array<std::uint8_t, kDigestBytes> digest{};
    auto signed_bytes = bytes_of(content);
    if (signature->of_digest) {
        if (library().digest(content.data(), content.size(), digest.data(), nullptr, library().blake2b(), nullptr) != 1) return refused("its digest cannot be made");
        signed_bytes = digest;
    }
    if (!is_signed(*key, signed_bytes, signature->bytes)) return refused("the signature of key " + key->name() + " does not fit the file");
    Bytes overall = signature->bytes;
    const auto comment = bytes_of(signature->comment);
    overall.insert(overall.end(), comment.begin(), comment.end());
    if (!is_signed(*key, overall, signature->overall)) return refused("the comment of the signature was changed");
    return MinisignSigner{key->name(), std::string(signature->comment)};
}

}  // namespace qwen::system
