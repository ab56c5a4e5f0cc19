// Takes the run's own secrets out of text that came from a server: some repeat the key they refuse.
#pragma once

#include <cstddef>
#include <string>

#include "core/config/resolver.hpp"

namespace qwen::host {

/// Hexadecimal digits of a SHA-256 that are shown: enough to see that two places hold the same, too little to try keys against (32 bits).
inline constexpr std::size_t kFingerprintDigits = 8;

/// "…4f2a (sha256 1c9e0d2b)"; the last characters are there only for secrets that are long enough (Secret::masked).
[[nodiscard]] std::string shown_secret(const Secret& secret);

/// The error with every secret that is set, used or hidden, replaced by its mask. Secrets under eight bytes are left: they could be ordinary words.
[[nodiscard]] Error redacted(Error error, const config::Resolution& resolution);

}  // namespace qwen::host
