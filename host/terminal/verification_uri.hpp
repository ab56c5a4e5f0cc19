// Whether a link that came from a server may be opened, or only shown (RFC 8628 section 5.4: the user must be able to trust where it leads).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/url.hpp"

namespace qwen::host {

/// A link that is safe to show. It may be opened only when its host belongs to the provider.
struct VerificationLink {
    Url url;
    bool may_open = false;
};

/// Refuses anything but https (http on loopback), links over 2 KiB, and what Url::parse refuses; so the result holds no space, quote, control
/// character or leading '-'. `provider_origins` are origins of the manifest or of the configuration: a link on one of them, or on a
/// subdomain of one, may be opened. Errors: bad_response.
[[nodiscard]] Result<VerificationLink> check_verification_uri(std::string_view uri, std::span<const std::string> provider_origins);

}  // namespace qwen::host
