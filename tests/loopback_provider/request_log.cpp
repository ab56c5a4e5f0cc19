#include "tests/loopback_provider/request_log.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <set>

namespace loopback {
namespace {

constexpr std::size_t kMaxEntries = 2000;
constexpr std::size_t kMaxBody = 64 * 1024;
using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view text) {
    Sha256 digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return digest;
}

// The scheme stays readable: a test asks whether it was Bearer.
std::string hidden(const std::string& name, const std::string& value) {
    static const std::set<std::string> secret = {"authorization", "api-key", "x-api-key", "proxy-authorization", "cookie"};
    if (!secret.contains(name)) return value;
    const auto space = value.find(' ');
    return space == std::string::npos ? fingerprint(value) : value.substr(0, space + 1) + fingerprint(value.substr(space + 1));
}

}  // namespace

std::string fingerprint(std::string_view secret) {
    const auto digest = sha256(secret);
    std::string text = "sha256:";
    for (std::size_t i = 0; i < 8; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

std::string s256(std::string_view verifier) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const auto digest = sha256(verifier);
    std::string text;
    unsigned bits = 0;
    int pending = 0;
    for (const auto byte : digest) {
        bits = bits << 8U | byte;
        for (pending += 8; pending >= 6; pending -= 6) text += alphabet[bits >> (pending - 6) & 63U];
    }
    if (pending > 0) text += alphabet[bits << (6 - pending) & 63U];
    return text;
}

void RequestLog::add(const HttpRequest& request) {
    nlohmann::json headers = nlohmann::json::object();
    for (const auto& [name, value] : request.headers) headers[name] = hidden(name, value);
    // A form carries codes and tokens, so only the names of its fields are kept.
    const bool is_form = request.header("content-type").starts_with("application/x-www-form-urlencoded");
    std::string body = request.body.substr(0, kMaxBody);
    if (is_form) {
        body.clear();
        for (const auto& [name, value] : parse_form(request.body)) body += name + (name == "grant_type" ? "=" + value : "") + " ";
    }
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    entries_.push_back({{"at_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()}, {"method", request.method}, {"target", request.target}, {"headers", std::move(headers)},
                        {"body", std::move(body)}, {"body_bytes", request.body.size()}});
    if (entries_.size() > kMaxEntries) entries_.pop_front();
}

nlohmann::json RequestLog::to_json() const { return {{"requests", entries_}}; }

}  // namespace loopback
