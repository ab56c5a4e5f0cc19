#include "host/redaction.hpp"

#include <fmt/format.h>

#include "core/system/digest.hpp"

namespace qwen::host {
namespace {

constexpr std::size_t kShortestSecret = 8;

void replace_all(std::string& text, std::string_view secret, const std::string& mask) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size())) text.replace(at, secret.size(), mask);
}

}  // namespace

std::string shown_secret(const Secret& secret) {
    return fmt::format("{} (sha256 {})", secret.masked(), system::hex(system::sha256(secret.reveal())).substr(0, kFingerprintDigits));
}

Error redacted(Error error, const config::Resolution& resolution) {
    for (const auto& resolved : resolution.all()) {
        if (!resolved.setting.is_secret()) continue;
        for (const auto& candidate : resolved.candidates) {
            if (candidate.value.size() < kShortestSecret) continue;
            const auto mask = candidate.value.masked();
            replace_all(error.message, candidate.value.reveal(), mask);
            replace_all(error.hint, candidate.value.reveal(), mask);
        }
    }
    return error;
}

}  // namespace qwen::host
