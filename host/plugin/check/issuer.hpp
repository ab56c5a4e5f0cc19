// The servers a plugin meets while it is checked: an issuer of device codes and tokens (RFC 8628, RFC 6749) that answers by a script.
//
// It knows a request by what is in it: one that has the device code is a poll, one that has the refresh token renews. So it needs no
// addresses, and a plugin may ask in forms or in JSON.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "host/plugin/check/rehearsal_host.hpp"

namespace qwen::host::plugin::check {

/// One answer of the token endpoint.
enum class TokenReply : std::uint8_t {
    tokens,
    pending,
    slow_down,
    denied,
    expired,
    invalid_grant,
    unknown_error,
    unavailable,        ///< 503
    too_many_requests,  ///< 429
    unreachable,        ///< QWEN_ERR_NETWORK
    page,               ///< 200 and HTML
    null_token,         ///< 200 and {"access_token": null}
    no_token,           ///< 200 and no access_token
    empty,              ///< 200 and nothing
    no_refresh_token,   ///< tokens without a new refresh token
};

class Issuer {
public:
    explicit Issuer(RehearsalHost& host);
    Issuer(const Issuer&) = delete;
    Issuer& operator=(const Issuer&) = delete;

    /// What the token endpoint says, in order; the last one stays.
    std::deque<TokenReply> script{TokenReply::tokens};
    /// What the device authorization endpoint says; empty: a code, with these lifetimes.
    std::string device_reply;
    std::uint32_t device_status = 200;
    std::int64_t expires_in_s = 600;
    std::int64_t interval_s = 5;

    /// When it was polled, on the monotonic clock.
    std::vector<std::int64_t> polls;
    /// The bodies of requests to renew.
    std::vector<std::string> renewals;
    [[nodiscard]] const std::string& refresh_token() const { return refresh_token_; }

private:
    HttpReply answer(const HttpAsk& ask);
    HttpReply device_authorization(const HttpAsk& ask);
    HttpReply token_endpoint();

    RehearsalHost& host_;
    std::string device_code_;
    std::string refresh_token_;
};

}  // namespace qwen::host::plugin::check
