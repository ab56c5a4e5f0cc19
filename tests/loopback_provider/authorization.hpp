// The issuer of the loopback provider: device flow with PKCE (RFC 8628, RFC 7636), rotating refresh tokens (RFC 6749 section 6).
//
// Every sign-in approves itself after a number of polls, or when a test says so. A refresh token works once; its second
// use is counted, because a client that does this loses its session at a real issuer.
#pragma once

#include "tests/loopback_provider/http_message.hpp"
#include "tests/loopback_provider/request_log.hpp"

#include <map>
#include <set>
#include <string>

namespace loopback {

struct IssuerOptions {
    std::string base_url;         ///< "http://127.0.0.1:1234", where the verification page is; resource_url is this with "/v1"
    long approve_after_polls = 1; ///< negative: only POST /__control/approve approves
    long interval_s = 1;
    long code_lifetime_s = 600;
    long token_lifetime_s = 3600;
};

class Issuer {
public:
    Issuer(IssuerOptions options, RequestLog& log) : options_(std::move(options)), log_(log) {}

    /// POST /api/v1/oauth2/device/code
    [[nodiscard]] HttpResponse device_code(const HttpRequest& request);
    /// POST /api/v1/oauth2/token, both grants
    [[nodiscard]] HttpResponse token(const HttpRequest& request);
    /// POST /api/v1/oauth2/revoke (RFC 7009)
    [[nodiscard]] HttpResponse revoke(const HttpRequest& request);

    enum class Decision { pending, approved, denied };
    /// Decides every sign-in that waits.
    void decide(Decision decision);
    /// Access tokens issued so far stop working; refresh tokens stay good.
    void expire_access_tokens() { access_tokens_.clear(); }
    /// Refresh tokens stop working as well.
    void revoke_everything();

    [[nodiscard]] bool accepts(const std::string& access_token) const { return access_tokens_.contains(access_token); }

private:
    struct SignIn {
        std::string client_id, challenge;
        long polls = 0;
        long long last_poll_ms = 0, expires_ms = 0;
        Decision decision = Decision::pending;
    };
    HttpResponse poll(const std::map<std::string, std::string>& form);
    HttpResponse refresh(const std::map<std::string, std::string>& form);
    HttpResponse issue_tokens();
    std::string new_secret(const char* kind);

    IssuerOptions options_;
    RequestLog& log_;
    std::map<std::string, SignIn> sign_ins_;  // by device code
    std::set<std::string> access_tokens_, refresh_tokens_, used_refresh_tokens_;
};

}  // namespace loopback
