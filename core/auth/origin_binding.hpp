// May this key go to this server? A key and the URL it is sent to are one credential (decision 0005).
//
// The rule compares where the two came from: what a less trusted place says never moves a key of a more trusted one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/url.hpp"
#include "core/config/provenance.hpp"

namespace qwen::auth {

/// The key and the URL of a run, by their sources. Values.
struct BindingFacts {
    /// Where the key came from; nullopt: there is no key.
    std::optional<config::Provenance> key;
    /// Where the base URL came from.
    config::Provenance url;
    Origin url_origin;
    /// Origins compiled into the provider.
    std::vector<std::string> provider_origins;
    /// Origins the user granted to any key (QWEN_TRUST_ORIGINS).
    std::vector<std::string> granted_origins;
    /// network.endpoint_binding = "strict": a vendor's well-known host is no reason.
    bool is_strict = false;
    /// The file that names the URL has a key too, which a stronger place hides.
    bool url_file_has_key = false;
};

/// Why a key may go to a server, in the order in which the reasons are tried.
enum class BindingRule : std::uint8_t { no_key, provider_origin, granted, same_file, not_weaker, known_host };

/// Errors: origin_refused, naming both sources and the ways out; config_invalid for plain http to anything but loopback. Sends nothing and resolves nothing.
[[nodiscard]] Result<BindingRule> judge_origin(const Origin& origin, const BindingFacts& facts);
/// judge_origin for those who need no reason.
[[nodiscard]] Result<void> check_origin(const Origin& origin, const BindingFacts& facts);

/// A sign-in has no source to compare: its server names where the token is good for (`resource_url`), in a file that other programs write
/// too. It is followed to servers that somebody else vouches for, and to no other.
struct SignInFacts {
    std::string provider;
    /// Origins compiled into the provider, and those of the URLs that the user or the system configured for it.
    std::vector<std::string> provider_origins;
    /// As in BindingFacts.
    std::vector<std::string> granted_origins;
};

/// Errors: as check_origin.
[[nodiscard]] Result<void> check_sign_in_origin(const Origin& origin, const SignInFacts& facts);

}  // namespace qwen::auth
